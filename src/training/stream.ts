import { Random } from '../core/random.js';
import { allIndices, pixelsPerImage, type LabelledImages } from '../core/images.js';
import type { TrainingProgram } from '../engine/running/program.js';
import type { EpochOptions, EpochPlan, EpochSource } from './epoch-source.js';

/** A data set in parts, of which a few at a time are in memory. */
export interface ShardSource {
  /** Images of each shard. */
  readonly sizes: readonly number[];
  read(shard: number): Promise<LabelledImages>;
}

/** A shard's place in an epoch. */
interface Part {
  shard: number;
  images: number;
  /** The number of its first batch, and how many it has. */
  first: number;
  batches: number;
}

/** The shards in the order of an epoch: drawn from the seed and the epoch's number alone, which counts from 1. */
export function shardOrder(seed: number, epoch: number, shards: number): Int32Array {
  return new Random(seed, 'shuffle-shards', epoch).shuffle(allIndices(shards));
}

/** The images of a shard in the order of an epoch. */
export function orderInShard(seed: number, epoch: number, shard: number, size: number): Int32Array {
  return new Random(seed, `shuffle-shard-${epoch}`, shard).shuffle(allIndices(size));
}

/** How many batches shards of some sizes have together. */
export function batchesIn(sizes: readonly number[], batchSize: number): number {
  return sizes.reduce((sum, size) => sum + Math.ceil(size / batchSize), 0);
}

/**
 * Epochs of a data set that does not fit into memory. In each, shards come in another order, and their images too; while one is
 * trained on, the next is read. Images that share a shard meet in each epoch, so shards are mixed when they are written. The last
 * batch of a shard may be smaller. No more than two shards are in this process's memory and one on the device.
 */
export class ShardedEpochs implements EpochSource {
  readonly images: number;
  readonly batches: number;
  readonly #program: TrainingProgram;
  readonly #source: ShardSource;
  readonly #plan: EpochPlan & { epochs: number };
  #layout: { epoch: number; parts: readonly Part[] } | undefined;
  /** The shard that the program has. */
  #loaded: number | undefined;
  #next: { shard: number; images: Promise<LabelledImages> } | undefined;

  /** @param plan with the number of epochs: after the last, nothing is read ahead */
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
    const { seed, batchSize } = this.#plan;
    const parts = this.#partsOf(epoch);
    let next = firstBatch;
    for (const [place, { shard, images, first, batches }] of parts.entries()) {
      if (next >= first + batches) continue;
      if (signal.aborted) break;
      await this.#load(shard);
      this.#readAhead(parts[place + 1]?.shard ?? this.#firstOf(epoch + 1));
      const done = await this.#program.run({
        order: orderInShard(seed, epoch, shard, images),
        batchSize,
        firstBatch: next - first,
        coefficients: (batch) => coefficients(first + batch),
        signal,
        onSlice: (result) => {
          onSlice({ ...result, first: first + result.first });
        },
      });
      next = first + done;
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

  async #load(shard: number): Promise<void> {
    if (this.#loaded === shard) return;
    const ahead = this.#next?.shard === shard ? this.#next.images : this.#source.read(shard);
    const images = padded(await ahead, Math.max(...this.#source.sizes));
    this.#next = undefined;
    this.#loaded = undefined;
    await this.#program.replaceImages(images);
    this.#loaded = shard;
  }

  /** Starts to read; an error is thrown when the shard is asked for. */
  #readAhead(shard: number | undefined): void {
    if (shard === undefined || shard === this.#loaded || this.#next?.shard === shard) return;
    const images = this.#source.read(shard);
    images.catch(() => undefined);
    this.#next = { shard, images };
  }
}

/** A program holds so many images and no fewer; those that fill a smaller shard up are never asked for. */
export function padded(images: LabelledImages, count: number): LabelledImages {
  if (images.count === count) return images;
  const pixels = new Uint8Array(count * pixelsPerImage(images.shape));
  pixels.set(images.pixels);
  const labels = new Uint8Array(count);
  labels.set(images.labels);
  return { ...images, count, pixels, labels };
}
