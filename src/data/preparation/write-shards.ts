import { join } from 'node:path';

import type { RawImages } from '../../artifacts/raw-images.js';
import type { ShardedSplit, ShardSetWriter } from '../../artifacts/sharded.js';
import { ScratchFile } from '../../core/encryption/scratch-file.js';
import type { StageContext } from '../../core/events.js';
import { storageError } from '../../core/files.js';
import { Random } from '../../core/random.js';
import { pixelsPerImage, rowOf, selectImages, type LabelledImages } from '../../core/images.js';
import { augmentedImages } from './augmented-images.js';
import { PixelHistogram, type PixelStatistics } from './scaling.js';
import type { Split } from '../../artifacts/prepared.js';

/** How a data set is put into shards. */
export interface ShardPlan {
  /** Images of a shard; the last of a split may have fewer. */
  shardImages: number;
  /** As many training images are made by augmentation. */
  augmentTo?: number | undefined;
  seed: number;
}

/** What is read at a time of a file that is too large for memory. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** Counts what has been written, and tells of it. */
class Progress {
  #done = 0;
  readonly #total: number;
  readonly #context: StageContext;

  constructor(total: number, context: StageContext) {
    this.#total = total;
    this.#context = context;
  }

  add(images: number): void {
    this.#done += images;
    this.#context.signal.throwIfAborted();
    const { emit } = this.#context;
    emit({ event: 'progress', task: 'write shards', done: this.#done, total: this.#total, unit: 'images' });
  }
}

/** Cuts a number of images into shards: where each begins, and how many it has. */
function cut(images: number, shardImages: number): { first: number; count: number }[] {
  return Array.from({ length: Math.ceil(images / shardImages) }, (_, shard) => {
    const first = shard * shardImages;
    return { first, count: Math.min(shardImages, images - first) };
  });
}

/**
 * Writes images that are in memory as shards. Training images are mixed, so that each shard is a sample of all of them; where they are
 * augmented, only they are, and after the validation images were held back.
 */
export async function writeShards(
  writer: ShardSetWriter,
  { train, test, split }: { train: LabelledImages; test: LabelledImages; split: Split },
  { shardImages, augmentTo, seed }: ShardPlan,
  context: StageContext,
): Promise<void> {
  const { training, validation } = split;
  const mixed = new Random(seed, 'shard-images').shuffle(training.slice());
  const trained = augmentTo ?? training.length;
  const progress = new Progress(trained + validation.length + test.count, context);
  const add = async (name: ShardedSplit, images: LabelledImages): Promise<void> => {
    await writer.add(name, images);
    progress.add(images.count);
  };
  for (const { first, count } of cut(trained, shardImages)) {
    const images =
      augmentTo === undefined
        ? selectImages(train, mixed.subarray(first, first + count))
        : augmentedImages(train, training, { first, count, seed });
    await add('training', images);
  }
  for (const { first, count } of cut(validation.length, shardImages)) {
    await add('validation', selectImages(train, validation.subarray(first, first + count)));
  }
  const size = pixelsPerImage(test.shape);
  for (const { first, count } of cut(test.count, shardImages)) {
    const pixels = test.pixels.subarray(first * size, (first + count) * size);
    await add('test', { ...test, count, pixels, labels: test.labels.subarray(first, first + count) });
  }
}

/** Images of a file that is too large for memory, with their labels. */
export interface StoredSplit {
  images: RawImages;
  labels: Uint8Array;
}

/**
 * The same for images in files that do not fit into memory, in two passes: the first puts each image into the file of its shard, in
 * the order of the source; the second makes a shard of each. At most a chunk of the source and a shard are in memory, and a byte or
 * four for each image. Returns the statistics of the training split's pixels.
 */
export async function writeStoredShards(
  writer: ShardSetWriter,
  { train, test, split }: { train: StoredSplit; test: StoredSplit; split: Split },
  { shardImages, seed }: Omit<ShardPlan, 'augmentTo'>,
  context: StageContext,
): Promise<PixelStatistics> {
  const { training, validation } = split;
  const progress = new Progress(2 * train.images.count + test.images.count, context);
  const shards = [...cut(training.length, shardImages), ...cut(validation.length, shardImages)];
  const trainingShards = Math.ceil(training.length / shardImages);
  const shardOf = new Int32Array(train.images.count);
  new Random(seed, 'shard-images').shuffle(training.slice()).forEach((index, place) => {
    shardOf[index] = Math.floor(place / shardImages);
  });
  validation.forEach((index, place) => {
    shardOf[index] = trainingShards + Math.floor(place / shardImages);
  });
  const buckets = shards.map((_, shard) => new ScratchFile(join(writer.path, `unsorted-${shard}`)));
  await distribute(train.images, shardOf, buckets, progress);
  const labels = labelsOfShards(
    train.labels,
    shardOf,
    shards.map(({ count }) => count),
  );
  const { shape } = train.images;
  const histogram = new PixelHistogram();
  for (const [shard, { count }] of shards.entries()) {
    const bucket = buckets[shard]!;
    const pixels = await bucket.read();
    const images = { count, shape, pixels, labels: labels[shard]! };
    if (shard < trainingShards) histogram.add(pixels);
    await writer.add(shard < trainingShards ? 'training' : 'validation', images);
    await bucket.remove();
    progress.add(count);
  }
  for (const { first, count } of cut(test.images.count, shardImages)) {
    const pixels = await test.images.read(first, count);
    await writer.add('test', { count, shape, pixels, labels: test.labels.subarray(first, first + count) });
    progress.add(count);
  }
  return histogram.statistics();
}

async function distribute(
  images: RawImages,
  shardOf: Int32Array,
  buckets: readonly ScratchFile[],
  progress: Progress,
): Promise<void> {
  const size = pixelsPerImage(images.shape);
  for (const { first, count } of cut(images.count, Math.max(1, Math.floor(CHUNK_BYTES / size)))) {
    const pixels = await images.read(first, count);
    const sorted = new Map<number, Uint8Array[]>();
    for (let row = 0; row < count; row++) {
      const shard = shardOf[first + row]!;
      const image = rowOf(pixels, row, size);
      const taken = sorted.get(shard);
      if (taken) taken.push(image);
      else sorted.set(shard, [image]);
    }
    for (const [shard, parts] of sorted) {
      const bucket = buckets[shard]!;
      await bucket.append(Buffer.concat(parts)).catch((error: unknown) => {
        throw storageError(error, bucket.path);
      });
    }
    progress.add(count);
  }
}

/** The labels of each shard, in the order in which its images lie. */
function labelsOfShards(labels: Uint8Array, shardOf: Int32Array, sizes: readonly number[]): Uint8Array[] {
  const sorted = sizes.map((size) => new Uint8Array(size));
  const filled = new Int32Array(sizes.length);
  labels.forEach((label, index) => {
    const shard = shardOf[index]!;
    sorted[shard]![filled[shard]!++] = label;
  });
  return sorted;
}
