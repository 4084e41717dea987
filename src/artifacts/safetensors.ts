import { z } from 'zod';

import { shortened } from '../core/format.js';
import { sha256, sha256InTurns } from '../core/hashing.js';

/** The types of tensors that are read and written, with their size in bytes; U8 last, so that wider ones stay aligned. */
const ELEMENT_BYTES = { F32: 4, I32: 4, U8: 1 } as const;

export type ElementType = keyof typeof ELEMENT_BYTES;

/** A tensor as it lies in a file. */
export interface StoredTensor {
  type: ElementType;
  shape: readonly number[];
  bytes: Uint8Array;
}

export interface SafetensorsFile {
  tensors: ReadonlyMap<string, StoredTensor>;
  metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
/** A header describes tensors; one of more than this describes something else, or wants memory. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** A model of a thousand layers has some thousands, with the state of its optimizer. */
const MAX_TENSORS = 65_536;
const HASH_KEY = 'sha256';
const NO_HASH = '0'.repeat(64);
const HASH_IN_HEADER = /"sha256":"([0-9a-f]{64})"/g;

/**
 * Lays tensors and texts out as a safetensors file (the format of the Hugging Face library of that name), in parts to be
 * written one after the other. Its metadata gain a `sha256`: that of the whole file with this hash set to zeros.
 */
export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array[] {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) => ELEMENT_BYTES[b.type] - ELEMENT_BYTES[a.type] || (nameA < nameB ? -1 : 1),
  );
  const header: Record<string, unknown> = { __metadata__: { ...metadata, [HASH_KEY]: NO_HASH } };
  let offset = 0;
  for (const [name, { type, shape, bytes }] of ordered) {
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const data = ordered.map(([, { bytes }]) => bytes);
  const json = JSON.stringify(header);
  // Spaces at its end, which the format allows, let the tensors start at a multiple of 8.
  const padded = json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8), ' ');
  const unsigned = frame(padded);
  const hash = sha256(unsigned, ...data);
  return [frame(padded.replace(hashEntry(NO_HASH), hashEntry(hash))), ...data];
}

/** The hash that the first of the parts of `encodeSafetensors` holds. */
export function hashInHeader([header]: readonly Uint8Array[]): string {
  const [[, hash] = []] = [...new TextDecoder().decode(header).matchAll(HASH_IN_HEADER)];
  if (hash === undefined) throw new SafetensorsError('its header holds no hash');
  return hash;
}

const hashEntry = (hash: string): string => `"${HASH_KEY}":"${hash}"`;

function frame(header: string): Uint8Array {
  const text = new TextEncoder().encode(header);
  const framed = new Uint8Array(LENGTH_BYTES + text.length);
  new DataView(framed.buffer).setBigUint64(0, BigInt(text.length), true);
  framed.set(text, LENGTH_BYTES);
  return framed;
}

const tensorEntry = z.strictObject({
  dtype: z.enum(Object.keys(ELEMENT_BYTES) as [ElementType, ...ElementType[]]),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** Why bytes are not a safetensors file that this module wrote. */
export class SafetensorsError extends Error {}

/**
 * Reads a file that `encodeSafetensors` laid out. Nothing in it is trusted: the header's size has a limit, the tensors must
 * follow each other without a gap from the header to the end of the file, each must have as many bytes as its shape and
 * type ask for, and the hash must be that of the file. The tensors are views of the given bytes.
 *
 * Throws SafetensorsError.
 */
export function decodeSafetensors(file: Uint8Array): SafetensorsFile {
  const { text, data } = splitFile(file);
  const { stored, unsigned } = storedHash(text);
  requireHash(stored, sha256(frame(unsigned), data));
  return decodeParts(text, data);
}

/** The same for large files: other work gets its turn while the hash is computed. Rejects with SafetensorsError. */
export async function decodeSafetensorsInTurns(file: Uint8Array): Promise<SafetensorsFile> {
  const { text, data } = splitFile(file);
  const { stored, unsigned } = storedHash(text);
  requireHash(stored, await sha256InTurns(frame(unsigned), data));
  return decodeParts(text, data);
}

function splitFile(file: Uint8Array): { text: string; data: Uint8Array } {
  const headerEnd = headerLength(file, file.length);
  return { text: decodeText(file.subarray(LENGTH_BYTES, headerEnd)), data: file.subarray(headerEnd) };
}

function decodeParts(text: string, data: Uint8Array): SafetensorsFile {
  const { entries, metadata } = parseHeader(text);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, data_offsets: offsets } of layout(entries, data.length)) {
    tensors.set(name, { type: dtype, shape, bytes: data.subarray(...offsets) });
  }
  return { tensors, metadata };
}

/**
 * Reads the metadata alone of a file that `encodeSafetensors` laid out: its first bytes, however large the tensors are. What
 * the header says of the tensors must fit the file's size; their hash is not looked at. Throws SafetensorsError.
 *
 * @param read the file's bytes from an offset on, as many as there are up to a length
 */
export async function readSafetensorsMetadata(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  fileSize: number,
): Promise<Readonly<Record<string, string>>> {
  const headerEnd = headerLength(await read(0, LENGTH_BYTES), fileSize);
  const { entries, metadata } = parseHeader(decodeText(await read(LENGTH_BYTES, headerEnd - LENGTH_BYTES)));
  layout(entries, fileSize - headerEnd);
  return metadata;
}

/** Where the header ends. */
function headerLength(start: Uint8Array, fileSize: number): number {
  if (start.length < LENGTH_BYTES) throw new SafetensorsError(`it has only ${start.length} bytes`);
  const claimed = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const available = Math.min(MAX_HEADER_BYTES, fileSize - LENGTH_BYTES);
  if (claimed > BigInt(available)) {
    throw new SafetensorsError(`its header claims ${claimed} bytes, of which it can have ${available}`);
  }
  return LENGTH_BYTES + Number(claimed);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError('its header is not UTF-8');
  }
}

/** The hash that a header holds, and the header as it was hashed. */
function storedHash(header: string): { stored: string; unsigned: string } {
  const found = [...header.matchAll(HASH_IN_HEADER)];
  const [stored] = found;
  if (!stored || found.length > 1) throw new SafetensorsError('its header holds no hash');
  return { stored: stored[1]!, unsigned: header.replace(stored[0], hashEntry(NO_HASH)) };
}

function requireHash(stored: string, computed: string): void {
  if (stored !== computed) throw new SafetensorsError('its hash is wrong: bytes were changed');
}

function parseHeader(text: string): { entries: Record<string, unknown>; metadata: Record<string, string> } {
  let header: Record<string, unknown>;
  try {
    header = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new SafetensorsError('its header is not a JSON object');
  }
  // Of two entries with one name, JSON.parse takes the last and other readers the first.
  if (JSON.stringify(header) !== text.trimEnd()) {
    throw new SafetensorsError('its header is not written as this program does: an entry may occur twice');
  }
  const { __metadata__: metadata, ...entries } = header;
  return { entries, metadata: readMetadata(metadata) };
}

function readMetadata(value: unknown): Record<string, string> {
  const parsed = z.record(z.string(), z.string()).safeParse(value ?? {});
  if (!parsed.success) throw new SafetensorsError('its metadata are not texts');
  return parsed.data;
}

type NamedEntry = z.output<typeof tensorEntry> & { name: string };

/** The tensors in the order in which they lie, of which each must follow the one before it, and the last end the file. */
function layout(entries: Record<string, unknown>, dataLength: number): NamedEntry[] {
  const named = Object.entries(entries);
  if (named.length > MAX_TENSORS)
    throw new SafetensorsError(`it has ${named.length} tensors, and ${MAX_TENSORS} is the limit`);
  const parsed = named.map(([name, value]): NamedEntry => {
    const entry = tensorEntry.safeParse(value);
    if (!entry.success) throw new SafetensorsError(`the entry of tensor ${shortened(name)} is malformed`);
    return { name, ...entry.data };
  });
  parsed.sort((a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  let expected = 0;
  for (const {
    name,
    dtype,
    shape,
    data_offsets: [start, end],
  } of parsed) {
    const size = shape.reduce((product, length) => product * length, ELEMENT_BYTES[dtype]);
    if (start !== expected || end - start !== size || end > dataLength) {
      throw new SafetensorsError(
        `tensor ${shortened(name)} does not lie where its shape and its neighbours say`,
      );
    }
    expected = end;
  }
  if (expected !== dataLength)
    throw new SafetensorsError(`${dataLength - expected} bytes follow its last tensor`);
  return parsed;
}

/** Numbers as a stored tensor; the bytes are a view of them. */
export function storeFloats(values: Float32Array, shape: readonly number[]): StoredTensor {
  return { type: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** The numbers of a stored F32 tensor: a view where they lie aligned, else a copy. */
export function loadFloats({ type, bytes }: StoredTensor): Float32Array {
  if (type !== 'F32') throw new SafetensorsError(`a tensor is ${type} where F32 was expected`);
  // Not slice(): that of a Buffer is a view, as little aligned as before.
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, length / 4);
}
