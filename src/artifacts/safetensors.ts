import { z } from 'zod';

import { shortened } from '../core/format.js';
import { sha256, sha256InTurns } from '../core/hashing.js';
import { elementCount } from '../core/images.js';

/** The supported tensor types, with their size in bytes; U8 last, so that wider ones stay aligned. */
const ELEMENT_BYTES = { F32: 4, I32: 4, U8: 1 } as const;

export type ElementType = keyof typeof ELEMENT_BYTES;

/** A tensor in a file. */
export interface StoredTensor {
  type: ElementType;
  shape: readonly number[];
  bytes: Uint8Array;
}

export interface SafetensorsFile {
  tensors: ReadonlyMap<string, StoredTensor>;
  metadata: Readonly<Record<string, string>>;
}

/** The bytes before the header: its length. */
export const LENGTH_BYTES = 8;
/** Protects against headers that exhaust memory. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** A model with a thousand layers has several thousand, including optimiser state. */
const MAX_TENSORS = 65_536;
const HASH_KEY = 'sha256';
const NO_HASH = '0'.repeat(64);
const HASH_IN_HEADER = /"sha256":"([0-9a-f]{64})"/g;

/**
 * Encodes tensors and metadata as a safetensors file (Hugging Face's format), in parts to write one after the other. Adds a
 * `sha256` to the metadata: the hash of the whole file with this field set to zeros.
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
  // Padded with spaces, as the format allows, so that the tensors start at a multiple of 8.
  const padded = json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8), ' ');
  const unsigned = frame(padded);
  const hash = sha256(unsigned, ...data);
  return [frame(padded.replace(hashEntry(NO_HASH), hashEntry(hash))), ...data];
}

/** The hash in the first part of `encodeSafetensors`. */
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

/** What a header says of where a tensor is. */
export const tensorPlace = {
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
} as const;

const tensorEntry = z.strictObject({
  dtype: z.enum(Object.keys(ELEMENT_BYTES) as [ElementType, ...ElementType[]]),
  ...tensorPlace,
});

/** A file is not a valid safetensors file. */
export class SafetensorsError extends Error {}

/**
 * Decodes a file of `encodeSafetensors`. Nothing in it is trusted: the header's size is limited, the tensors must be contiguous
 * from the header to the end of the file, the size of each must match its shape and type, and the hash must match. The tensors
 * are views of the given bytes.
 *
 * Throws SafetensorsError.
 */
export function decodeSafetensors(file: Uint8Array): SafetensorsFile {
  const { text, data } = splitFile(file);
  const { stored, unsigned } = storedHash(text);
  requireHash(stored, sha256(frame(unsigned), data));
  return decodeParts(text, data);
}

/** The same for large files, without blocking the event loop. Rejects with SafetensorsError. */
export async function decodeSafetensorsInTurns(file: Uint8Array): Promise<SafetensorsFile> {
  const { text, data } = splitFile(file);
  const { stored, unsigned } = storedHash(text);
  requireHash(stored, await sha256InTurns(frame(unsigned), data));
  return decodeParts(text, data);
}

function splitFile(file: Uint8Array): { text: string; data: Uint8Array } {
  const headerEnd = headerLength(file, file.length);
  return { text: decodeHeader(file.subarray(LENGTH_BYTES, headerEnd)), data: file.subarray(headerEnd) };
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
 * Reads only the metadata of a file of `encodeSafetensors`, from its header. The tensor sizes must match the file size; the hash is not
 * verified. Throws SafetensorsError.
 *
 * @param read reads up to `length` bytes from an offset
 */
export async function readSafetensorsMetadata(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  fileSize: number,
): Promise<Readonly<Record<string, string>>> {
  const headerEnd = headerLength(await read(0, LENGTH_BYTES), fileSize);
  const { entries, metadata } = parseHeader(decodeHeader(await read(LENGTH_BYTES, headerEnd - LENGTH_BYTES)));
  layout(entries, fileSize - headerEnd);
  return metadata;
}

/** The end of the header. Throws SafetensorsError where the file cannot hold it. */
export function headerLength(start: Uint8Array, fileSize: number): number {
  if (start.length < LENGTH_BYTES) throw new SafetensorsError(`it has only ${start.length} bytes`);
  const claimed = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  const available = Math.min(MAX_HEADER_BYTES, fileSize - LENGTH_BYTES);
  if (claimed > BigInt(available)) {
    throw new SafetensorsError(`its header claims ${claimed} bytes, but at most ${available} are possible`);
  }
  return LENGTH_BYTES + Number(claimed);
}

function decodeHeader(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError('its header is not UTF-8');
  }
}

/** The hash in a header, and the header with this field set to zeros. */
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
  // With duplicate keys, JSON.parse takes the last one and other readers the first.
  if (JSON.stringify(header) !== text.trimEnd()) {
    throw new SafetensorsError('its header is not in canonical form; it may contain duplicate keys');
  }
  const { __metadata__: metadata, ...entries } = header;
  return { entries, metadata: readMetadata(metadata) };
}

function readMetadata(value: unknown): Record<string, string> {
  const parsed = z.record(z.string(), z.string()).safeParse(value ?? {});
  if (!parsed.success) throw new SafetensorsError('its metadata values are not strings');
  return parsed.data;
}

/** The tensors in file order. */
function layout(
  entries: Record<string, unknown>,
  dataLength: number,
): (z.output<typeof tensorEntry> & { name: string })[] {
  const count = Object.keys(entries).length;
  if (count > MAX_TENSORS) throw new SafetensorsError(`it has ${count} tensors; the limit is ${MAX_TENSORS}`);
  return tensorsInOrder(entries, tensorEntry, dataLength, (dtype) => ELEMENT_BYTES[dtype]);
}

interface TensorEntry<Type> {
  dtype: Type;
  shape: number[];
  data_offsets: [start: number, end: number];
}

/**
 * The tensors of a header in file order. Each must follow the previous one and have the size of its shape, and the last must end the
 * file. Throws SafetensorsError.
 *
 * @param widthOf the bytes of an element; undefined for a type whose size is not known
 */
export function tensorsInOrder<Type extends string>(
  entries: Readonly<Record<string, unknown>>,
  schema: z.ZodType<TensorEntry<Type>>,
  dataLength: number,
  widthOf: (type: Type) => number | undefined,
): (TensorEntry<Type> & { name: string })[] {
  const parsed = Object.entries(entries).map(([name, value]) => {
    const entry = schema.safeParse(value);
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
    const width = widthOf(dtype);
    const fits = width === undefined || end - start === elementCount(shape) * width;
    if (start !== expected || end < start || end > dataLength || !fits) {
      throw new SafetensorsError(
        `the offsets of tensor ${shortened(name)} do not match its shape or the previous tensor`,
      );
    }
    expected = end;
  }
  if (expected !== dataLength)
    throw new SafetensorsError(`${dataLength - expected} bytes follow its last tensor`);
  return parsed;
}

/** Wraps numbers as a stored tensor; the bytes are a view. */
export function storeFloats(values: Float32Array, shape: readonly number[]): StoredTensor {
  return { type: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** The numbers of a stored F32 tensor: a view if they are aligned, else a copy. */
export function loadFloats({ type, bytes }: StoredTensor): Float32Array {
  if (type !== 'F32') throw new SafetensorsError(`a tensor has type ${type}, expected F32`);
  // Not slice(), which returns an unaligned view for a Buffer.
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(buffer, byteOffset, length / 4);
}
