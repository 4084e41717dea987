import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

import { ToolkitError } from '../errors.js';
import { readTextWithin } from '../files.js';
import { shortened } from '../format.js';
import { sha256 } from '../hashing.js';
import { readSecret } from '../secrets.js';

/** The kinds of keys: ECDSA signs models, policies and promotions, Ed25519 the heads of the audit log. */
export const keyKinds = ['p256', 'p384', 'ed25519'] as const;

export type KeyKind = (typeof keyKinds)[number];

/** A private key with its public half. */
export interface PrivateKey {
  key: KeyObject;
  publicKey: KeyObject;
}

/** The curves of OpenSSF Model Signing, by OpenSSL's names, with the hash that each signs. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};
const MAX_BYTES = 64 * 1024;
const EC_KINDS = { p256: 'P-256', p384: 'P-384' } as const;

/** A new key pair: the private key in PKCS#8, the public one in SPKI, both in PEM. */
export function generateKeys(kind: KeyKind): { privatePem: string; publicKey: KeyObject } {
  const { privateKey, publicKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: EC_KINDS[kind] });
  return { privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, publicKey };
}

/** A public key in PEM. */
export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}

/** What identifies a public key: the SHA-256 of its PEM text, as OpenSSF Model Signing has it. */
export function keyId(key: KeyObject): string {
  return sha256(publicPem(key));
}

/** The beginning of a key's id, which is enough for people to tell keys apart. */
export function shortKeyId(id: string): string {
  return shortened(id, 16);
}

/** The hash that a key signs; null for Ed25519, which hashes by itself. */
export function digestFor(key: KeyObject): string | null {
  if (key.asymmetricKeyType === 'ed25519') return null;
  return CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? null;
}

/** Whether a key signs models, policies and promotions. */
function isEcdsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && digestFor(key) !== null;
}

/** Reads a private key that only its owner may read. Throws SIGNING_KEY_UNUSABLE, SECRET_EXPOSED or DATA_UNREADABLE. */
export async function readPrivateKey(path: string): Promise<PrivateKey> {
  const bytes = await readSecret(path);
  if (!bytes) throw unusable(path, 'there is no such file');
  const pem = bytes.length > MAX_BYTES ? '' : bytes.toString('latin1');
  if (pem.includes('-----BEGIN PUBLIC KEY-----'))
    throw unusable(path, 'it is a public key; the private one signs');
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem))
    throw unusable(path, 'it has a passphrase; "openssl pkey -in FILE -out PLAIN" writes it without');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw unusable(path, 'not a private key in PEM', error);
  }
  return { key, publicKey: requireKind(path, createPublicKey(key)) };
}

/** Reads a private key for ECDSA. Throws SIGNING_KEY_UNUSABLE, SECRET_EXPOSED or DATA_UNREADABLE. */
export async function readEcdsaKey(path: string): Promise<PrivateKey> {
  const key = await readPrivateKey(path);
  requireEcdsa(path, key.publicKey);
  return key;
}

/** Reads a public key. Throws SIGNING_KEY_UNUSABLE or DATA_UNREADABLE. */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const pem = await readTextWithin(path, MAX_BYTES);
  if (pem === undefined) throw unusable(path, 'there is no such file');
  if (pem.includes('PRIVATE KEY-----')) throw unusable(path, 'it is a private key; the public one verifies');
  return parsePublicKey(path, pem);
}

/** Reads a public key from its PEM text. Throws SIGNING_KEY_UNUSABLE, which names the place. */
export function parsePublicKey(place: string, pem: string): KeyObject {
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) throw unusable(place, 'not a public key in PEM');
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw unusable(place, 'not a public key in PEM', error);
  }
  return requireKind(place, key);
}

/** Refuses Ed25519 where only ECDSA keys are used. Throws SIGNING_KEY_UNUSABLE. */
export function requireEcdsa(place: string, key: KeyObject): void {
  if (!isEcdsa(key))
    throw unusable(place, 'it is an Ed25519 key, for the audit log; an ECDSA key (P-256 or P-384) is needed');
}

/** Refuses ECDSA where only Ed25519 keys are used. Throws SIGNING_KEY_UNUSABLE. */
export function requireEd25519(place: string, key: KeyObject): void {
  if (key.asymmetricKeyType !== 'ed25519')
    throw unusable(place, 'an Ed25519 key is needed; "mnist signing keygen FILE --kind ed25519" makes one');
}

function requireKind(place: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  // A point can be written in two ways, and one key must not count as two.
  if (isEcdsa(key)) return createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  const found = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'of an unknown type';
  throw unusable(place, `it is ${found}; ECDSA (P-256, P-384) and Ed25519 keys can be used`);
}

function unusable(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('SIGNING_KEY_UNUSABLE', { path, reason }, { cause });
}
