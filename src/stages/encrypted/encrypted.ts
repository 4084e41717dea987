import { basename, join } from 'node:path';

import { silentContext, type StageContext } from '../../core/events.js';
import { fileSize, writePublicAtomically } from '../../core/files.js';
import { readImage, type PictureSource } from '../../data/imaging/foreign-picture.js';
import { EncryptionClient } from '../../deployment/encrypted/client.js';
import { readDescription } from '../../deployment/encrypted/folder.js';
import { loadSeal } from '../../deployment/encrypted/load-seal.js';
import { nameDecision, type NamedDecision } from '../../evaluation/decisions/named-decision.js';
import { applyRule } from '../../evaluation/decisions/rule.js';
import type { EncryptedOptions } from './encrypted-options.js';
import { keyFiles, orRefused, readEncryptedFile, withKeyFolder, writeKeyFolder } from './key-folder.js';

/** A new pair of keys. */
export interface GeneratedKeys {
  folder: string;
  /** Their id, which encrypted images and answers carry. */
  key: string;
  run: string;
  secretKey: string;
  evaluationKeys: string;
  /** The size of the file for the server. */
  evaluationKeysBytes: number;
}

/**
 * Makes keys for a model that computes on encrypted images.
 *
 * @param path the folder of `deploy --to encrypted`, or a copy of its `parameters.json`
 *
 * Throws MODEL_MISSING, MODEL_CORRUPT, OUTPUT_EXISTS, SEAL_UNAVAILABLE and storage errors.
 */
export async function generateKeys(
  path: string,
  { keys: folder }: Pick<EncryptedOptions, 'keys'>,
  context: StageContext = silentContext(),
): Promise<GeneratedKeys> {
  const model = await readDescription(path);
  const client = EncryptionClient.create(await loadSeal(context), model);
  try {
    await writeKeyFolder(folder, client);
    const evaluationKeys = join(folder, keyFiles.evaluation);
    return {
      ...{ folder, key: client.key, run: model.description.run },
      ...{ secretKey: join(folder, keyFiles.secret), evaluationKeys },
      evaluationKeysBytes: (await fileSize(evaluationKeys)) ?? 0,
    };
  } finally {
    client.dispose();
  }
}

/** An image that was encrypted. */
export interface EncryptedImage {
  image: string;
  output: string;
  bytes: number;
  /** The keys that it was encrypted with. */
  key: string;
  /** Whether the picture was dark on light, and so was inverted. */
  inverted: boolean;
}

/** Encrypts an image file. Throws PICTURE_UNREADABLE, storage errors, and what `withKeyFolder` throws. */
export async function encryptImage(
  picture: PictureSource,
  { keys, output, prepare }: Pick<EncryptedOptions, 'keys' | 'output' | 'prepare'>,
  context: StageContext = silentContext(),
): Promise<EncryptedImage> {
  return withKeyFolder(keys, context, async (client) => {
    const { name } = picture;
    const image = await readImage(picture, client.model.description, prepare);
    const path = output ?? `${basename(name)}.encrypted`;
    const encrypted = await client.encrypt(image.pixels);
    await writePublicAtomically(path, encrypted);
    const { key } = client;
    return { image: name, output: path, bytes: encrypted.length, key, inverted: image.inverted };
  });
}

/** A decrypted answer. */
export interface DecryptedAnswer extends NamedDecision {
  answer: string;
  key: string;
}

/** Decrypts a server's answer. Throws DATA_MISSING, DATA_UNREADABLE, CIPHERTEXT_REFUSED, and what `withKeyFolder` throws. */
export async function decryptAnswer(
  path: string,
  { keys, top }: Pick<EncryptedOptions, 'keys' | 'top'>,
  context: StageContext = silentContext(),
): Promise<DecryptedAnswer> {
  return withKeyFolder(keys, context, async (client) => {
    const { description, sizes } = client.model;
    const hint = 'give the answer of the server to an image that was encrypted with these keys';
    const file = await readEncryptedFile(path, sizes.answer, hint);
    const logits = await orRefused(path, hint, () => client.decrypt(file));
    const verdict = applyRule(logits, description.rule);
    return { answer: path, key: client.key, ...nameDecision(verdict, description.classNames, top) };
  });
}
