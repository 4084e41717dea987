import { Random } from '../core/random.js';
import { sampleImages, type Sampling } from './sampling.js';
import type { RunOptions, TrainingProgram } from '../engine/running/program.js';

/** The options of an epoch's run, which all sources share. */
export type EpochOptions = Omit<RunOptions, 'order' | 'batchSize'>;

/** The source of an epoch's images, shuffled for each epoch: memory, or shards that are read one by one. */
export interface EpochSource {
  /** Images per epoch. */
  readonly images: number;
  /** Batches per epoch. */
  readonly batches: number;
  /**
   * The number of images in a batch.
   *
   * @param epoch counts from 1
   * @param batch counts from 0
   */
  batchImages(epoch: number, batch: number): number;
  /** Runs the batches of an epoch and returns how many have run, counted from its start: all, unless aborted. */
  run(epoch: number, options: EpochOptions): Promise<number>;
}

/** The batch size, the seed of shuffling, and how images are sampled: shuffled by default. */
export interface EpochPlan {
  batchSize: number;
  seed: number;
  sampling?: Sampling | undefined;
}

/**
 * Epochs of a data set in memory. Each epoch is sampled anew, determined by the seed and the epoch's number.
 *
 * @param training indices of the images to train on
 * @param labels of all images
 */
export function epochsInMemory(
  program: TrainingProgram,
  training: Int32Array,
  { batchSize, seed, sampling = 'shuffled' }: EpochPlan,
  labels: ArrayLike<number>,
): EpochSource {
  const images = training.length;
  return {
    images,
    batches: Math.ceil(images / batchSize),
    batchImages: (_, batch) => Math.min(batchSize, images - batch * batchSize),
    run(epoch, options) {
      const order = sampleImages(training, labels, sampling, new Random(seed, 'shuffle', epoch));
      return program.run({ ...options, order, batchSize });
    },
  };
}
