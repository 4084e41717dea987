import { z } from 'zod';

import { signModel, verifyModel, type VerifiedModel } from '../../artifacts/signing/model-signature.js';
import { signKeyOption } from '../../core/config/common-options.js';
import { ToolkitError } from '../../core/errors.js';
import { exists, writePublicAtomically, writeSecretAtomically } from '../../core/files.js';
import {
  generateKeys,
  keyId,
  keyKinds,
  publicPem,
  readEcdsaKey,
  readPublicKey,
  requireEcdsa,
  type KeyKind,
} from '../../core/signing/keys.js';

/** The options of `signing`, beside what is to be done. */
export const signingFields = z.strictObject({
  kind: z
    .enum(keyKinds)
    .default('p256')
    .meta({ description: 'keygen: p256 and p384 sign models, ed25519 the audit log' }),
  signKey: signKeyOption,
  verifyKey: z
    .array(z.string().min(1))
    .max(100)
    .default([])
    .meta({ description: 'verify: public keys (PEM), one of which must have signed', placeholder: 'FILE,…' }),
  signature: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'signature file; without it, model.sig in the folder', placeholder: 'FILE' }),
});

export type SigningOptions = z.output<typeof signingFields>;

/** A new key pair. */
export interface GeneratedKeys {
  kind: KeyKind;
  privateKey: string;
  publicKey: string;
  /** What policies and signatures call the key. */
  id: string;
}

/**
 * Makes a key pair: the private key, which only its owner may read, and beside it the public one. Throws OUTPUT_EXISTS, and storage
 * errors.
 */
export async function createKeys(path: string, kind: KeyKind): Promise<GeneratedKeys> {
  const publicFile = `${path.replace(/\.pem$/, '')}.pub`;
  for (const file of [path, publicFile]) {
    if (await exists(file)) throw new ToolkitError('OUTPUT_EXISTS', { path: file });
  }
  const { privatePem, publicKey } = generateKeys(kind);
  await writeSecretAtomically(path, privatePem);
  await writePublicAtomically(publicFile, publicPem(publicKey));
  return { kind, privateKey: path, publicKey: publicFile, id: keyId(publicKey) };
}

/** Signs the files of a folder. Throws USAGE without a key, the errors of keys, and what `signModel` throws. */
export async function signFolder(
  folder: string,
  { signKey, signature }: SigningOptions,
): Promise<VerifiedModel> {
  if (signKey === undefined) throw keyMissing('--sign-key', 'private');
  return signModel(folder, await readEcdsaKey(signKey), signature);
}

/** Verifies the files of a folder. Throws USAGE without a key, the errors of keys, and what `verifyModel` throws. */
export async function verifyFolder(
  folder: string,
  { verifyKey, signature }: SigningOptions,
): Promise<VerifiedModel> {
  if (verifyKey.length === 0) throw keyMissing('--verify-key', 'public');
  const keys = await Promise.all(
    verifyKey.map(async (path) => {
      const key = await readPublicKey(path);
      requireEcdsa(path, key);
      return key;
    }),
  );
  return verifyModel(folder, keys, signature);
}

function keyMissing(option: string, which: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `no ${which} key given`,
    hint: `name its file with ${option}; "mnist signing keygen FILE" makes a key pair`,
  });
}
