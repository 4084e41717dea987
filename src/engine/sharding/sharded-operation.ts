import type { HostTensor } from '../../tensorflow/c-api/tensors.js';

/**
 * What the shards of a batch, each of which another core takes, give of an operation's result: their rows of it, or terms of a sum
 * that is the result.
 */
export type Sharding = 'rows' | 'terms';

/**
 * What each shard takes of an input: its rows, all of it, or (of a constant that is a shape, with the batch in front) the shape
 * with the shard's number of rows in front.
 */
export type ShardInput = 'rows' | 'whole' | 'shape';

/** An operation's sharding, and what each shard takes of its inputs. */
export interface ShardedOperation {
  sharding: Sharding;
  inputs: readonly ShardInput[];
}

/** The values of an operation's input, where that is a constant. */
export type ConstantInput = (input: number) => HostTensor | undefined;
