import { z } from 'zod';

import { complaintOf } from '../../core/validation.js';
import { areSame, parametersSchema, weaknessOf, type CkksParameters } from './parameters.js';
import { deflate, fromPlanes, inflate, toPlanes } from './planes.js';

/** What files and messages hold. */
const fileKinds = {
  'secret-key': ['secret'],
  'evaluation-keys': ['relinearization', 'rotations'],
  'encrypted-image': ['ciphertext'],
  'encrypted-answer': ['ciphertext'],
} as const;

export type FileKind = keyof typeof fileKinds;

/** The id of a pair of keys: random, so it says nothing about them. */
const KEY_ID = /^[0-9a-f]{32}$/;
/** The id of a model: the beginning of the SHA-256 of its file. */
export const MODEL_ID = /^[0-9a-f]{16}$/;

const headerSchema = z.strictObject({
  format: z.literal('mnist-train/encrypted'),
  version: z.literal(1),
  kind: z.enum(Object.keys(fileKinds) as [FileKind, ...FileKind[]]),
  parameters: parametersSchema,
  /** Which pair of keys it is, or was made with. */
  key: z.string().regex(KEY_ID),
  /** The model that it is for. */
  model: z.string().regex(MODEL_ID),
  parts: z
    .array(
      z.strictObject({
        name: z.string().max(32),
        /** Its bytes when unpacked, and as they follow the header. */
        bytes: z.int().min(1),
        stored: z.int().min(1),
      }),
    )
    .min(1)
    .max(4),
});

type Header = z.output<typeof headerSchema>;

/** A key, an encrypted image or an encrypted answer, as it is stored and sent. */
export interface EncryptedFile extends Pick<Header, 'kind' | 'parameters' | 'key' | 'model'> {
  /** Objects of Microsoft SEAL, uncompressed, in the order of `fileKinds`. */
  parts: readonly Uint8Array[];
}

/** What a reader wants. */
export interface Expected {
  kind: FileKind;
  parameters: CkksParameters;
  /** The most bytes that all parts may have together, unpacked. */
  mostBytes: number;
  /** The pair of keys and the model that it must be for; left out, any. */
  key?: string;
  model?: string;
}

/** A file or message that cannot be used, and why. */
export class EncryptedFileError extends Error {
  override name = 'EncryptedFileError';
}

const MAGIC = 'MNISTHE1';
const LENGTH_BYTES = 4;
const START = MAGIC.length + LENGTH_BYTES;
const MAX_HEADER_BYTES = 4096;

/** Encodes a file: the magic bytes, the header's length (32 bits, little endian), the header (JSON), the deflated parts. */
export async function encodeFile({
  kind,
  parameters,
  key,
  model,
  parts,
}: EncryptedFile): Promise<Uint8Array<ArrayBuffer>> {
  const stored = await Promise.all(parts.map((part) => deflate(toPlanes(part))));
  const header: Header = {
    ...{ format: 'mnist-train/encrypted', version: 1, kind, parameters, key, model },
    parts: parts.map(({ length: bytes }, index) => {
      return { name: fileKinds[kind][index]!, bytes, stored: stored[index]!.length };
    }),
  };
  const text = new TextEncoder().encode(JSON.stringify(headerSchema.parse(header)));
  const file = new Uint8Array(START + text.length + stored.reduce((sum, { length }) => sum + length, 0));
  file.set(new TextEncoder().encode(MAGIC));
  new DataView(file.buffer).setUint32(MAGIC.length, text.length, true);
  let offset = START;
  for (const bytes of [text, ...stored]) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}

/** Decodes a file that is to be of some kind. Nothing is unpacked before the header has been checked. Throws EncryptedFileError. */
export async function decodeFile(bytes: Uint8Array, expected: Expected): Promise<EncryptedFile> {
  const { header, data } = splitFile(bytes);
  requireExpected(header, expected);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, bytes: length, stored } of header.parts) {
    const packed = new Uint8Array(data.subarray(offset, offset + stored));
    offset += stored;
    const unpacked = await inflate(packed, length).catch((error: unknown) => {
      throw new EncryptedFileError(`its part "${name}" is damaged`, { cause: error });
    });
    if (unpacked.length !== length) throw new EncryptedFileError(`its part "${name}" is cut off`);
    parts.push(fromPlanes(unpacked));
  }
  const { kind, parameters, key, model } = header;
  return { kind, parameters, key, model, parts };
}

/** What a file says that it is. Throws EncryptedFileError. */
export function headerOf(bytes: Uint8Array): Pick<Header, 'kind' | 'parameters' | 'key' | 'model'> {
  return splitFile(bytes).header;
}

function splitFile(bytes: Uint8Array): { header: Header; data: Uint8Array } {
  const isOurs = bytes.length >= START && new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
  if (!isOurs)
    throw new EncryptedFileError('it is not a key, an encrypted image or an encrypted answer of mnist');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (length > Math.min(MAX_HEADER_BYTES, bytes.length - START))
    throw new EncryptedFileError('its header is damaged');
  const header = parseHeader(bytes.subarray(START, START + length));
  const data = bytes.subarray(START + length);
  const stored = header.parts.reduce((sum, part) => sum + part.stored, 0);
  if (stored !== data.length) {
    throw new EncryptedFileError(`it has ${data.length} bytes after the header, but ${stored} are announced`);
  }
  return { header, data };
}

function parseHeader(bytes: Uint8Array): Header {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    throw new EncryptedFileError(`its header is damaged: ${complaintOf(error)}`, { cause: error });
  }
}

function requireExpected(header: Header, expected: Expected): void {
  const { kind, parameters, key, model, parts } = header;
  requireKind(kind, expected.kind);
  const weakness = weaknessOf(parameters);
  if (weakness !== undefined) throw new EncryptedFileError(`its parameters are too weak: ${weakness}`);
  if (!areSame(parameters, expected.parameters)) {
    throw new EncryptedFileError('it was made with other parameters than those of the model');
  }
  if (expected.key !== undefined && key !== expected.key) {
    throw new EncryptedFileError(`it belongs to the key ${key}, not to ${expected.key}`);
  }
  if (expected.model !== undefined && model !== expected.model) {
    throw new EncryptedFileError(`it is for the model ${model}, not for ${expected.model}`);
  }
  const names = fileKinds[kind];
  if (parts.length !== names.length || parts.some(({ name }, index) => name !== names[index])) {
    throw new EncryptedFileError('its parts are not those of its kind');
  }
  const unpacked = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (unpacked > expected.mostBytes) {
    throw new EncryptedFileError(
      `it has ${unpacked} bytes when unpacked, but at most ${expected.mostBytes} are possible`,
    );
  }
}

/** Refuses a file of another kind, above all a secret key that is about to be given away. Throws EncryptedFileError. */
export function requireKind(kind: FileKind, expected: FileKind): void {
  if (kind === expected) return;
  const advice =
    kind === 'secret-key' ? '; a secret key must stay with its owner: make new keys in its place' : '';
  throw new EncryptedFileError(`it is ${inWords(kind)}, but ${inWords(expected)} is needed${advice}`);
}

/** A kind with its article. */
function inWords(kind: FileKind): string {
  if (kind === 'evaluation-keys') return 'a file of evaluation keys';
  return `${kind.startsWith('encrypted') ? 'an' : 'a'} ${kind.replaceAll('-', ' ')}`;
}
