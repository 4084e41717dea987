import type { Coefficients, TrainingProgram } from '../../engine/running/program.js';
import type { EpochOptions, EpochSource } from '../epoch-source.js';
import { PoissonSampler } from './poisson-sampling.js';
import { secretRandom, type FillRandomly } from './secret-random.js';
import { secretsOf } from './secrets.js';

/** Samples that are drawn ahead: few enough for a prompt event loop. */
const AHEAD = 32;
/** Batches are filled up to a multiple of this, or of as many cores. */
const LEAST_MULTIPLE = 8;
/** Sizes that batches are filled up to, as standard deviations above the mean: the last holds all samples that are ever seen. */
const SIZES = [0, 1, 2, 6] as const;
/** Where the standard deviation is a smaller share of a batch, less is gained by the first sizes than their programs cost. */
const LEAST_DEVIATION = 0.02;

/** How the images of private epochs are drawn. */
export interface PrivateEpochPlan {
  /** The expected number of images in a batch. */
  batchSize: number;
  /** The number of cores that may share a batch. */
  threads: number;
  /** Given by tests alone. */
  fill?: FillRandomly | undefined;
}

/** A batch: its images, and some more that fill it up and do not count. */
interface DrawnBatch {
  images: Int32Array;
  /** How many of them count, and the key of its noise. */
  secrets: Coefficients<number>;
}

/**
 * Epochs whose batches are Poisson samples: each image is in each batch with the probability batch size ÷ images, so that an image may be
 * in several of an epoch's batches, or in none. A compiled program takes batches of a fixed size: a sample is filled up to one of a few
 * sizes. The largest holds every image there is: no sample is ever cut, which would break what the accountant assumes.
 */
export class PrivateEpochs implements EpochSource {
  readonly images: number;
  readonly batches: number;
  readonly #program: TrainingProgram;
  readonly #batchSize: number;
  readonly #sizes: readonly number[];
  readonly #sampler: PoissonSampler;
  readonly #fill: FillRandomly;
  readonly #filler: number;
  /** Samples that were drawn, and not yet used. They are never thrown away for their size. */
  readonly #drawn: DrawnBatch[] = [];

  /** @param training indices of the images to train on */
  constructor(
    program: TrainingProgram,
    training: Int32Array,
    { batchSize, threads, fill = secretRandom }: PrivateEpochPlan,
  ) {
    this.#program = program;
    this.#batchSize = Math.min(batchSize, training.length);
    this.images = training.length;
    this.batches = Math.ceil(training.length / this.#batchSize);
    this.#sizes = batchSizes(this.#batchSize, training.length, threads);
    this.#sampler = new PoissonSampler(training, this.#batchSize / training.length, fill);
    this.#fill = fill;
    this.#filler = training[0] ?? 0;
  }

  /** The expected number: how many there were is as secret as which. */
  batchImages(): number {
    return this.#batchSize;
  }

  async run(_epoch: number, { firstBatch, coefficients, signal, onSlice }: EpochOptions): Promise<number> {
    let next = firstBatch;
    while (next < this.batches && !signal.aborted) {
      const first = next;
      const group = this.#ahead(this.batches - first);
      const batchSizes = group.map(({ images }) => images.length);
      const done = await this.#program.run({
        ...{ order: joined(group), batchSize: this.#batchSize, batchSizes, firstBatch: 0, signal },
        coefficients: (batch) => ({
          ...coefficients(first + batch),
          ...group[batch]!.secrets,
        }),
        onSlice: (result) => {
          onSlice({ ...result, first: first + result.first });
        },
      });
      this.#drawn.splice(0, done);
      next = first + done;
    }
    return next;
  }

  /** The next batches, without taking them from those that were drawn. */
  #ahead(most: number): DrawnBatch[] {
    const count = Math.min(most, AHEAD);
    while (this.#drawn.length < count) this.#drawn.push(this.#draw());
    return this.#drawn.slice(0, count);
  }

  #draw(): DrawnBatch {
    const sample = this.#sampler.draw();
    const size = this.#sizes.find((least) => least >= sample.length)!;
    const images = new Int32Array(size).fill(this.#filler);
    images.set(sample);
    return { images, secrets: secretsOf(sample.length, this.#fill) };
  }
}

function joined(batches: readonly DrawnBatch[]): Int32Array {
  const order = new Int32Array(batches.reduce((total, { images }) => total + images.length, 0));
  let place = 0;
  for (const { images } of batches) {
    order.set(images, place);
    place += images.length;
  }
  return order;
}

/** The sizes that batches are filled up to, in ascending order; the last holds all images. */
function batchSizes(expected: number, images: number, threads: number): number[] {
  const multiple = threads * Math.ceil(LEAST_MULTIPLE / threads);
  const deviation = Math.sqrt(expected * (1 - expected / images));
  const isWide = deviation >= LEAST_DEVIATION * expected;
  const sizes = [
    ...SIZES.slice(isWide ? 0 : 2).map((deviations) => expected + deviations * deviation),
    images,
  ].map((size) => Math.min(Math.ceil(size), images));
  return [...new Set(sizes.map((size) => multiple * Math.ceil(size / multiple)))];
}
