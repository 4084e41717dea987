import type { HostTensor } from '../../tensorflow/c-api/tensors.js';

/**
 * How an output is split over the shards of a batch: `rows`, each shard has its rows of it, or `terms`, the output is the sum of the
 * shards' partial sums.
 */
export type Sharding = 'rows' | 'terms';

/**
 * The part of an input that each shard takes: its rows, the whole input, or, for a constant shape, the shape with the shard's number of
 * rows as first dimension.
 */
export type ShardInput = 'rows' | 'whole' | 'shape';

/** How an operation runs on shards. */
export interface ShardedOperation {
  sharding: Sharding;
  inputs: readonly ShardInput[];
}

/** Looks up an operation's input by position; undefined unless it is a constant. */
export type ConstantInput = (input: number) => HostTensor | undefined;
