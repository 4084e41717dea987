import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import type { PrivateKey } from './keys.js';

/** Signed notes as C2SP and Go's golang.org/x/mod/sumdb/note have them: a text, an empty line, and a line for each signature. */

/** The types of Ed25519 signatures: of a note, and of a witness, which adds the time (tlog-cosignature). */
const SIGNATURE = 1;
const COSIGNATURE = 4;

const KEY_BYTES = 32;
/** Of a key's SHA-256, as many bytes tell keys of one name apart. */
const ID_BYTES = 4;
const MAX_SIGNATURES = 100;

/** A key that verifies notes. */
export interface NoteVerifier {
  /** The name that the signature must have; undefined for a key that may sign under any. */
  name: string | undefined;
  type: typeof SIGNATURE | typeof COSIGNATURE;
  key: KeyObject;
}

/** A signature that was verified. */
export interface NoteSignature {
  name: string;
  verifier: NoteVerifier;
  /** When a witness saw the note, in seconds since 1970; undefined for other signatures. */
  time: number | undefined;
  /** The line in the note. */
  line: string;
}

/** Whether a text may be the name of a key: no spaces, no plus. */
export function isKeyName(name: string): boolean {
  return name.length <= 200 && /^[^\s+]+$/u.test(name);
}

/** Signs a text; it must end with a line end. */
export function signatureLine(text: string, name: string, { key, publicKey }: PrivateKey): string {
  const id = noteKeyId(name, SIGNATURE, publicKey);
  return `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), key)]).toString('base64')}\n`;
}

/** A key as Go's programs take it: name, id and key. */
export function verifierText(name: string, key: KeyObject): string {
  const encoded = Buffer.concat([Uint8Array.of(SIGNATURE), rawKey(key)]).toString('base64');
  return `${name}+${noteKeyId(name, SIGNATURE, key).toString('hex')}+${encoded}`;
}

/** Reads a key as Go's programs write it; undefined for other text. */
export function parseVerifier(text: string): NoteVerifier | undefined {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text) ?? [];
  if (name === undefined || encoded === undefined) return undefined;
  const [type, ...raw] = Buffer.from(encoded, 'base64');
  if ((type !== SIGNATURE && type !== COSIGNATURE) || raw.length !== KEY_BYTES) return undefined;
  const x = Buffer.from(raw).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return noteKeyId(name, type, key).toString('hex') === id ? { name, type, key } : undefined;
}

/** A key that may sign under any name, as author or as witness. */
export function anyNameVerifiers(key: KeyObject): NoteVerifier[] {
  return [SIGNATURE, COSIGNATURE].map((type) => ({ name: undefined, type, key }) as NoteVerifier);
}

/** A note's text and signature lines; undefined for text that is not a note. */
export function splitNote(note: string): { text: string; lines: string[] } | undefined {
  // Control characters other than line ends have no place in a note.
  if (/(?!\n)\p{Cc}/u.test(note) || note.includes('\uFFFD')) return undefined;
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(end + 2, -1).split('\n');
  const areSignatures = lines.every((line) => /^— [^\s+]+ [A-Za-z0-9+/]+={0,2}$/u.test(line));
  if (!areSignatures || lines.length > MAX_SIGNATURES) return undefined;
  return { text: note.slice(0, end + 1), lines };
}

/** The signatures of a note by known keys; undefined if one of them does not match the text, which spoils the whole note. */
export function verifiedSignatures(
  text: string,
  lines: readonly string[],
  verifiers: readonly NoteVerifier[],
): NoteSignature[] | undefined {
  const found: NoteSignature[] = [];
  for (const line of lines) {
    const [, name = '', encoded = ''] = line.split(' ');
    const bytes = Buffer.from(encoded, 'base64');
    for (const verifier of verifiers) {
      const isKnown = verifier.name === undefined || verifier.name === name;
      const id = noteKeyId(name, verifier.type, verifier.key);
      if (!isKnown || !id.equals(bytes.subarray(0, ID_BYTES))) continue;
      const signature = bytes.subarray(ID_BYTES);
      const time = verifier.type === COSIGNATURE ? timeOf(signature) : undefined;
      if (!isSignature(text, signature, verifier, time)) return undefined;
      found.push({ name, verifier, time, line });
    }
  }
  return found;
}

function isSignature(
  text: string,
  signature: Buffer,
  { type, key }: NoteVerifier,
  time: number | undefined,
): boolean {
  if (type === SIGNATURE) return verify(null, Buffer.from(text), key, signature);
  if (time === undefined) return false;
  return verify(null, Buffer.from(cosignedText(text, time)), key, signature.subarray(8));
}

/** What a witness signs. */
export function cosignedText(text: string, time: number): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}

function timeOf(signature: Buffer): number | undefined {
  if (signature.length !== 72) return undefined;
  const time = signature.readBigUInt64BE(0);
  return time <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(time) : undefined;
}

/** Tells keys apart: of the name, the type and the key. */
export function noteKeyId(name: string, type: NoteVerifier['type'], key: KeyObject): Buffer {
  const hash = createHash('sha256').update(`${name}\n`).update(Uint8Array.of(type)).update(rawKey(key));
  return hash.digest().subarray(0, ID_BYTES);
}

function rawKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}
