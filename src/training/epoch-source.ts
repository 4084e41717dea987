import { Random } from '../core/random.js';
import type { RunOptions, TrainingProgram } from '../engine/running/program.js';

/** The options of an epoch's run, for every kind of source. */
export type EpochOptions = Omit<RunOptions, 'order' | 'batchSize'>;

/** Where the images of an epoch come from, in an order that is the epoch's own: memory, or one shard after the other. */
export interface EpochSource {
  /** Images of an epoch. */
  readonly images: number;
  /** The batches that they make. */
  readonly batches: number;
  /**
   * How many images a batch has.
   *
   * @param epoch counts from 1
   */
  batchImages(epoch: number, batch: number): number;
  /** Runs the batches of an epoch, and returns how many have been run when it ends: all, unless it was aborted. */
  run(epoch: number, options: EpochOptions): Promise<number>;
}

/** How epochs are cut and drawn. */
export interface EpochPlan {
  batchSize: number;
  seed: number;
}

/**
 * Epochs of images that are all where the program is. Their order is drawn anew for each, from the seed and the epoch's number
 * alone.
 *
 * @param training indices of the images to train on
 */
export function epochsInMemory(
  program: TrainingProgram,
  training: Int32Array,
  { batchSize, seed }: EpochPlan,
): EpochSource {
  const images = training.length;
  return {
    images,
    batches: Math.ceil(images / batchSize),
    batchImages: (_, batch) => Math.min(batchSize, images - batch * batchSize),
    run(epoch, options) {
      const order = new Random(seed, 'shuffle', epoch).shuffle(training.slice());
      return program.run({ ...options, order, batchSize });
    },
  };
}
