import type { RecordedOperation } from '../tensorflow/recording-binding.js';

/**
 * How an operation can be done on shards of a batch, each of which another core takes:
 * - `rows`: each shard gives its rows of the result;
 * - `terms`: each shard gives a term of a sum, which is the result;
 * - `whole`: not at all, or not for sure.
 */
export type Sharding = 'rows' | 'terms' | 'whole';

/** An operation's sharding, and which of its inputs are cut into rows for it; the others are taken whole. */
export interface ShardedOperation {
  sharding: Sharding;
  isCut: (input: number) => boolean;
}

const WHOLE: ShardedOperation = { sharding: 'whole', isCut: () => false };

/** Operations that treat the numbers of their inputs one by one, with smaller inputs spread as NumPy does. */
const ELEMENTWISE = new Set([
  'Relu',
  'ReluGrad',
  'Tanh',
  'TanhGrad',
  'Sigmoid',
  'SigmoidGrad',
  'Mul',
  'AddV2',
  'Sub',
  'RealDiv',
]);

/**
 * Says how an operation can be done on shards of a batch. Only operations that are known to be safe, and only where an input
 * comes in shards already or the work is worth cutting one: what is left over stays whole, which is always right.
 *
 * @param batch how many rows a batch has
 * @param comesInRows whether an input was given by an operation that was cut into rows itself
 */
export function shardingOf(
  { name, attributes, inputShapes, outputs }: RecordedOperation,
  batch: number,
  comesInRows: (input: number) => boolean,
): ShardedOperation {
  const hasRows = (input: number): boolean => inputShapes[input]?.[0] === batch;
  const isTransposed = attributes.some(({ name: key, value }) => key === 'transpose_a' && value === true);
  switch (name) {
    case 'MatMul':
      // A product's rows depend on the first factor's rows alone; a product of transposed rows is a sum over them.
      if (!isTransposed) return hasRows(0) ? { sharding: 'rows', isCut: (input) => input === 0 } : WHOLE;
      return hasRows(0) && hasRows(1) && (comesInRows(0) || comesInRows(1))
        ? { sharding: 'terms', isCut: () => true }
        : WHOLE;
    case 'BiasAdd':
      return comesInRows(0) ? { sharding: 'rows', isCut: (input) => input === 0 } : WHOLE;
    case 'BiasAddGrad':
      return comesInRows(0) && inputShapes[0]?.length === 2
        ? { sharding: 'terms', isCut: () => true }
        : WHOLE;
    case 'SparseSoftmaxCrossEntropyWithLogits':
      return comesInRows(0) ? { sharding: 'rows', isCut: () => true } : WHOLE;
    default: {
      if (!ELEMENTWISE.has(name)) return WHOLE;
      const rank = outputs[0]?.shape.length ?? 0;
      const isAligned = (input: number): boolean => inputShapes[input]?.length === rank && hasRows(input);
      const isPossible = outputs[0]?.shape[0] === batch && inputShapes.some((_, input) => comesInRows(input));
      return isPossible ? { sharding: 'rows', isCut: isAligned } : WHOLE;
    }
  }
}
