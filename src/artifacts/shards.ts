import { join } from 'node:path';

import { z } from 'zod';

import { readArtifact } from '../core/encryption/artifact-file.js';
import { readError, writeFileAtomically, corruptError } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../core/images.js';
import { decodeSafetensors, encodeSafetensors, hashInHeader, SafetensorsError } from './safetensors.js';

/** The manifest entry of a shard. */
export const shardEntry = z.strictObject({
  name: z.string().regex(/^(training|validation|test)-\d{6}\.safetensors$/),
  images: z.int().min(1),
  /** The hash in the file's header: that of the file with this field set to zeros. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A part of a data set in a file of its own. */
export type ShardEntry = z.infer<typeof shardEntry>;

/** The name of a split's shard, counted from 0. */
export function shardName(split: 'training' | 'validation' | 'test', shard: number): string {
  return `${split}-${String(shard).padStart(6, '0')}.safetensors`;
}

/** Writes a shard. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeShard(folder: string, name: string, images: LabelledImages): Promise<ShardEntry> {
  const { count, shape, pixels, labels } = images;
  const size = [count, shape.height, shape.width, shape.channels];
  const parts = encodeSafetensors({
    tensors: new Map([
      ['images', { type: 'U8', shape: size, bytes: pixels }],
      ['labels', { type: 'U8', shape: [count], bytes: labels }],
    ]),
    metadata: {},
  });
  await writeFileAtomically(join(folder, name), ...parts);
  return { name, images: count, sha256: hashInHeader(parts) };
}

/** Reads a shard and verifies it against its entry. Throws DATA_UNREADABLE or DATA_CORRUPT. */
export async function readShard(
  folder: string,
  { name, images: expected, sha256 }: ShardEntry,
  shape: ImageShape,
  classes: number,
): Promise<LabelledImages> {
  const path = join(folder, name);
  const file = await readArtifact(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    const [images, labels] = [tensors.get('images'), tensors.get('labels')];
    if (images?.bytes.length !== expected * pixelsPerImage(shape) || labels?.bytes.length !== expected) {
      throw new SafetensorsError('the number of its images or labels differs from the manifest');
    }
    if (metadata['sha256'] !== sha256) throw new SafetensorsError('its SHA-256 differs from the manifest');
    if (labels.bytes.some((label) => label >= classes)) throw new SafetensorsError('a label is out of range');
    return { count: expected, shape, pixels: images.bytes, labels: labels.bytes };
  } catch (error) {
    throw corruptError(path, complaintOf(error), error);
  }
}
