import type { VerifiedModel } from '../../../../artifacts/signing/model-signature.js';
import { shortKeyId } from '../../../../core/signing/keys.js';
import type { GeneratedKeys } from '../../../../stages/signing/signing.js';
import { cleanDeep } from '../../clean.js';
import { columns, count } from '../../format.js';

/** A new key pair, for people. */
export function keysText({ kind, privateKey, publicKey, id }: GeneratedKeys): string {
  return columns([
    ['private key', `${privateKey} (${kind}; keep it secret)`],
    ['public key', `${publicKey} (give it to whoever verifies)`],
    ['key id', id],
  ]);
}

/** A signed folder, for people. */
export function signedText(folder: string, { files, key }: VerifiedModel): string {
  return `${folder}: signed ${filesText(files)} with key ${shortKeyId(key)}`;
}

/** A verified folder, for people. */
export function verifiedModelText(folder: string, verified: VerifiedModel): string {
  const { name, files, key, ignored } = cleanDeep(verified);
  const head = `${folder}: ${filesText(files)} as signed for "${name}" with key ${shortKeyId(key)}`;
  return ignored.length === 0 ? head : `${head}\nnot covered by the signature: ${ignored.join(', ')}`;
}

function filesText(files: number): string {
  return `${count(files)} ${files === 1 ? 'file' : 'files'}`;
}
