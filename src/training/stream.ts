import { Random } from '../core/random.js';
import { allIndices, pixelsPerImage, type LabelledImages } from '../core/images.js';
import type { TrainingProgram } from '../engine/running/program.js';
import { sampleImages } from './sampling.js';
import type { EpochOptions, EpochPlan, EpochSource } from './epoch-source.js';

/** A data set in shards, which are read one by one. */
export interface ShardSource {
  /** The number of images in each shard. */
  readonly sizes: readonly number[];
  read(shard: number): Promise<LabelledImages>;
}

/** A shard's position in an epoch. */
interface Part {
  shard: number;
  images: number;
  /** The index of its first batch, and the number of its batches. */
  first: number;
  batches: number;
}

/** The shuffled shards of an epoch (from 1), determined by the seed and the epoch. */
export function shardOrder(seed: number, epoch: number, shards: number): Int32Array {
  return new Random(seed, 'shuffle-shards', epoch).shuffle(allIndices(shards));
}

/**
 * The sampled images of a shard in an epoch (from 1), determined by the plan, the epoch, the shard and its labels. Classes are balanced
 * within a shard: those that it has.
 *
 * @param labels of the shard's images; there may be more, of images that fill it up
 */
export function orderInShard(
  { seed, sampling = 'shuffled' }: Pick<EpochPlan, 'seed' | 'sampling'>,
  { epoch, shard, images }: { epoch: number; shard: number; images: number },
  labels: ArrayLike<number>,
): Int32Array {
  return sampleImages(
    allIndices(images),
    labels,
    sampling,
    new Random(seed, `shuffle-shard-${epoch}`, shard),
  );
}

/** The total number of batches of some shards. */
export function batchesIn(sizes: readonly number[], batchSize: number): number {
  return sizes.reduce((sum, size) => sum + Math.ceil(size / batchSize), 0);
}

/**
 * Epochs of a data set that does not fit into memory. Each epoch shuffles the shards, and the images within each; the next shard is
 * prefetched during training. Images of a shard stay together in every epoch, so shards must be shuffled when they are written. The
 * last batch of a shard may be smaller. At most two shards are in this process's memory, and one on the device.
 */
export class ShardedEpochs implements EpochSource {
  readonly images: number;
  readonly batches: number;
  readonly #program: TrainingProgram;
  readonly #source: ShardSource;
  readonly #plan: EpochPlan & { epochs: number };
  #layout: { epoch: number; parts: readonly Part[] } | undefined;
  /** The shard in the program's memory. */
  #loaded: { shard: number; labels: Uint8Array } | undefined;
  #prefetched: { shard: number; images: Promise<LabelledImages> } | undefined;

  /** @param plan with the number of epochs: nothing is prefetched after the last */
  constructor(program: TrainingProgram, source: ShardSource, plan: EpochPlan & { epochs: number }) {
    this.#program = program;
    this.#source = source;
    this.#plan = plan;
    this.images = source.sizes.reduce((sum, size) => sum + size, 0);
    this.batches = batchesIn(source.sizes, plan.batchSize);
  }

  batchImages(epoch: number, batch: number): number {
    const part = this.#partsOf(epoch).find(({ first, batches }) => batch < first + batches)!;
    const { batchSize } = this.#plan;
    return Math.min(batchSize, part.images - (batch - part.first) * batchSize);
  }

  async run(epoch: number, { firstBatch, coefficients, signal, onSlice }: EpochOptions): Promise<number> {
    const { batchSize } = this.#plan;
    const parts = this.#partsOf(epoch);
    let next = firstBatch;
    for (const [place, { shard, images, first, batches }] of parts.entries()) {
      if (next >= first + batches) continue;
      const labels = await this.#load(shard);
      this.#prefetch(parts[place + 1]?.shard ?? this.#firstOf(epoch + 1));
      const done = await this.#program.run({
        order: orderInShard(this.#plan, { epoch, shard, images }, labels),
        batchSize,
        firstBatch: next - first,
        coefficients: (batch) => coefficients(first + batch),
        signal,
        onSlice: (result) => {
          onSlice({ ...result, first: first + result.first });
        },
      });
      next = first + done;
      // Where it stops is the program's decision: workers agree on it.
      if (done < batches) break;
    }
    return next;
  }

  #partsOf(epoch: number): readonly Part[] {
    if (this.#layout?.epoch === epoch) return this.#layout.parts;
    const { sizes } = this.#source;
    let first = 0;
    const parts = Array.from(shardOrder(this.#plan.seed, epoch, sizes.length), (shard): Part => {
      const images = sizes[shard]!;
      const part = { shard, images, first, batches: Math.ceil(images / this.#plan.batchSize) };
      first += part.batches;
      return part;
    });
    this.#layout = { epoch, parts };
    return parts;
  }

  #firstOf(epoch: number): number | undefined {
    const { epochs, seed } = this.#plan;
    return epoch > epochs ? undefined : shardOrder(seed, epoch, this.#source.sizes.length)[0];
  }

  /** Returns the labels of its images. */
  async #load(shard: number): Promise<Uint8Array> {
    if (this.#loaded?.shard === shard) return this.#loaded.labels;
    const ahead = this.#prefetched?.shard === shard ? this.#prefetched.images : this.#source.read(shard);
    const images = padded(await ahead, Math.max(...this.#source.sizes));
    this.#prefetched = undefined;
    this.#loaded = undefined;
    await this.#program.replaceImages(images);
    this.#loaded = { shard, labels: images.labels };
    return images.labels;
  }

  /** Starts to read a shard; a read error is thrown later, in `#load`. */
  #prefetch(shard: number | undefined): void {
    if (shard === undefined || shard === this.#loaded?.shard || this.#prefetched?.shard === shard) return;
    const images = this.#source.read(shard);
    images.catch(() => undefined);
    this.#prefetched = { shard, images };
  }
}

/** Pads a shard with blank images to `count`, the program's fixed size; they are never in an order. */
export function padded(images: LabelledImages, count: number): LabelledImages {
  if (images.count === count) return images;
  const pixels = new Uint8Array(count * pixelsPerImage(images.shape));
  pixels.set(images.pixels);
  const labels = new Uint8Array(count);
  labels.set(images.labels);
  return { ...images, count, pixels, labels };
}
