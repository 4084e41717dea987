/** The rows of a batch that each worker computes. */
export interface Shares {
  /** The number of images in the batch. */
  readonly batch: number;
  /** The number of images of each worker, in the order of ranks. */
  readonly sizes: readonly number[];
  /** The first image of each worker. */
  readonly starts: readonly number[];
}

/** Splits a batch into consecutive rows, as evenly as possible: the first workers get one more where it cannot be divided. */
export function shareBatch(batch: number, workers: number): Shares {
  const sizes = Array.from({ length: workers }, (_, rank) =>
    Math.floor((batch + workers - 1 - rank) / workers),
  );
  let next = 0;
  const starts = sizes.map((size) => {
    const start = next;
    next += size;
    return start;
  });
  return { batch, sizes, starts };
}

/** The time of a batch that every worker computes as a whole, in steps in which each computes a share, up to which that is done. */
const MOST_STEPS = 2;

/**
 * Whether all workers compute the smaller last batch of an epoch as a whole, without an exchange, as one process does, which does not shard it.
 * With many workers that would take them too long, so they share it too.
 */
export function isReplicated(batch: number, fullBatch: number, workers: number): boolean {
  return batch < fullBatch && batch * workers <= MOST_STEPS * fullBatch;
}
