import type { RecordedOperation } from '../tensorflow/recording-binding.js';

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

/** Operations that treat the numbers of their inputs one by one, with smaller inputs spread as NumPy does. */
const ELEMENTWISE = new Set([
  ...[
    'Relu',
    'ReluGrad',
    'Tanh',
    'TanhGrad',
    'Sigmoid',
    'SigmoidGrad',
    'Softplus',
    'Elu',
    'EluGrad',
    'LeakyRelu',
  ],
  ...['Mul', 'AddV2', 'Sub', 'RealDiv', 'Maximum', 'Minimum', 'Square', 'Sqrt', 'Rsqrt', 'Exp', 'Log', 'Neg'],
  ...['Cast', 'GreaterEqual', 'Greater', 'Less', 'LessEqual', 'SelectV2', 'Identity'],
]);

/**
 * Operations that give each shard's rows (or a term of the sum over the rows) from its rows of some inputs and all of the others.
 * `SparseSoftmax…` and the gradients of pooling have rows in every input.
 */
const BY_ROWS: Readonly<Record<string, ShardedOperation>> = {
  BiasAdd: { sharding: 'rows', inputs: ['rows', 'whole'] },
  Conv2D: { sharding: 'rows', inputs: ['rows', 'whole'] },
  Conv2DBackpropFilter: { sharding: 'terms', inputs: ['rows', 'whole', 'rows'] },
  Conv2DBackpropInput: { sharding: 'rows', inputs: ['shape', 'whole', 'rows'] },
  MaxPool: { sharding: 'rows', inputs: ['rows'] },
  MaxPoolGrad: { sharding: 'rows', inputs: ['rows', 'rows', 'rows'] },
  AvgPool: { sharding: 'rows', inputs: ['rows'] },
  AvgPoolGrad: { sharding: 'rows', inputs: ['shape', 'rows'] },
  BiasAddGrad: { sharding: 'terms', inputs: ['rows'] },
  SoftmaxCrossEntropyWithLogits: { sharding: 'rows', inputs: ['rows', 'rows'] },
  SparseSoftmaxCrossEntropyWithLogits: { sharding: 'rows', inputs: ['rows', 'rows'] },
};

/**
 * Says how an operation can be done on shards of a batch, or undefined for one that stays whole. Only operations that are known
 * to be safe are cut, and only where an input comes in shards already or the work is worth cutting one.
 *
 * @param batch how many rows a batch has
 * @param comesInRows whether an input was given by an operation that was cut into rows itself
 */
export function shardingOf(
  operation: RecordedOperation,
  batch: number,
  comesInRows: (input: number) => boolean,
): ShardedOperation | undefined {
  const { name, inputShapes, outputs } = operation;
  const hasRows = (input: number): boolean => inputShapes[input]?.[0] === batch;
  if (name === 'MatMul') return productSharding(operation, hasRows, comesInRows);
  const isInShards = inputShapes.some((_, input) => comesInRows(input));
  const byRows = BY_ROWS[name];
  if (byRows) {
    const isPossible = byRows.inputs.every((kind, input) => kind !== 'rows' || hasRows(input));
    // Convolutions are work enough to cut a batch that is still whole.
    return isPossible && (isInShards || name === 'Conv2D') ? byRows : undefined;
  }
  if (!isInShards || outputs[0]?.shape[0] !== batch) return undefined;
  if (name === 'Reshape') return { sharding: 'rows', inputs: ['rows', 'shape'] };
  if (!ELEMENTWISE.has(name)) return undefined;
  // Shapes are aligned at their ends, so an input of fewer dimensions has no batch, whatever its size.
  const rank = outputs[0].shape.length;
  const kinds = inputShapes.map((shape, input) =>
    shape.length === rank && hasRows(input) ? 'rows' : 'whole',
  );
  return { sharding: 'rows', inputs: kinds };
}

/** A product's rows depend on the first factor's rows alone; a product of transposed rows is a sum over them. */
function productSharding(
  { attributes }: RecordedOperation,
  hasRows: (input: number) => boolean,
  comesInRows: (input: number) => boolean,
): ShardedOperation | undefined {
  const isTransposed = attributes.some(({ name, value }) => name === 'transpose_a' && value === true);
  if (!isTransposed) return hasRows(0) ? { sharding: 'rows', inputs: ['rows', 'whole'] } : undefined;
  const isPossible = hasRows(0) && hasRows(1) && (comesInRows(0) || comesInRows(1));
  return isPossible ? { sharding: 'terms', inputs: ['rows', 'rows'] } : undefined;
}
