import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { pixelsPerImage, type ImageShape } from '../../core/images.js';

/** What a set that is held in memory may have of pixels; a larger one is put into shards. */
export const MEMORY_BYTES = 2 ** 30;
/** What a shard has where nobody says how large they are to be, and what it may have at most. */
const SHARD_BYTES = 2 ** 26;
const MAX_SHARD_BYTES = 2 ** 30;

/** The options that say whether and how a data set is put into shards. */
export const shardingOptions = {
  shards: z.int().min(1).max(100_000).optional().meta({
    description: 'split the data into N files that training reads a few at a time',
  }),
  shardImages: z.int().min(1).max(2_000_000).optional().meta({
    description: 'images per shard; large data sets are sharded anyway',
  }),
  augmentTo: z.int().min(1).max(2_000_000_000).optional().meta({
    description: 'grow to N training images by augmentation, in shards',
  }),
};

/** How a data set is to be put into shards, as far as the options set it. */
export interface ShardingOptions {
  shards?: number | undefined;
  shardImages?: number | undefined;
  augmentTo?: number | undefined;
}

/** Whether a set that could be held in memory is put into shards nevertheless. */
export function wantsShards({ shards, shardImages, augmentTo }: ShardingOptions): boolean {
  return [shards, shardImages, augmentTo].some((value) => value !== undefined);
}

/** How many images a shard has. Throws USAGE for options that exclude each other, and for shards that are too large. */
export function shardImagesFor(
  { shards, shardImages, augmentTo }: ShardingOptions,
  trainingImages: number,
  shape: ImageShape,
): number {
  if (shards !== undefined && shardImages !== undefined) {
    throw new ToolkitError('USAGE', {
      message: '--shards and --shard-images cannot be combined',
      hint: 'use one of them',
    });
  }
  const size = pixelsPerImage(shape);
  const images = augmentTo ?? trainingImages;
  const automatic = Math.max(1, Math.floor(SHARD_BYTES / size));
  // Whole thousands, which most sizes of batches divide.
  const rounded = automatic < 1000 ? automatic : automatic - (automatic % 1000);
  const wanted = shardImages ?? (shards === undefined ? rounded : Math.ceil(images / shards));
  const found = Math.min(wanted, images);
  if (found * size > MAX_SHARD_BYTES) {
    throw new ToolkitError('USAGE', {
      message: `shards of ${found} images would be larger than 1 GiB each`,
      hint: `choose at least ${Math.ceil((images * size) / MAX_SHARD_BYTES)} shards`,
    });
  }
  return found;
}
