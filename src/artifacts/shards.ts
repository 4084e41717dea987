import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../core/errors.js';
import { readError, writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import type { LabelledImages } from '../engine/images.js';
import { decodeSafetensors, encodeSafetensors, SafetensorsError } from './safetensors.js';

const NAME = /^shard-\d{6}\.safetensors$/;

function shardFile(folder: string, shard: number): string {
  return join(folder, `shard-${String(shard).padStart(6, '0')}.safetensors`);
}

/** Writes a part of a data set that does not fit into memory. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeShard(folder: string, shard: number, images: LabelledImages): Promise<void> {
  const { count, shape, pixels, labels } = images;
  const size = [count, shape.height, shape.width, shape.channels];
  const file = encodeSafetensors({
    tensors: new Map([
      ['images', { type: 'U8', shape: size, bytes: pixels }],
      ['labels', { type: 'U8', shape: [count], bytes: labels }],
    ]),
    metadata: {},
  });
  await writeFileAtomically(shardFile(folder, shard), ...file);
}

/** How many shards a folder holds. */
export async function countShards(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder);
  });
  return names.filter((name) => NAME.test(name)).length;
}

/** Reads and verifies a shard. Throws DATA_UNREADABLE or DATA_CORRUPT. */
export async function readShard(folder: string, shard: number): Promise<LabelledImages> {
  const path = shardFile(folder, shard);
  const file = await readFile(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  try {
    const { tensors } = decodeSafetensors(file);
    const images = tensors.get('images');
    const labels = tensors.get('labels');
    const [count = 0, height = 0, width = 0, channels = 0] = images?.shape ?? [];
    if (!images || labels?.bytes.length !== count || images.shape.length !== 4) {
      throw new SafetensorsError('its images and labels do not match');
    }
    return { count, shape: { height, width, channels }, pixels: images.bytes, labels: labels.bytes };
  } catch (error) {
    throw new ToolkitError('DATA_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}
