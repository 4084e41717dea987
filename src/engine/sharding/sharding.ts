import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { shardingByAxes } from './sharding-axes.js';
import type { ShardedOperation, ConstantInput } from './sharded-operation.js';

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
  ...['Cast', 'GreaterEqual', 'Greater', 'Less', 'LessEqual', 'SelectV2', 'Identity', 'Erf', 'ZerosLike'],
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
  DepthwiseConv2dNative: { sharding: 'rows', inputs: ['rows', 'whole'] },
  DepthwiseConv2dNativeBackpropFilter: { sharding: 'terms', inputs: ['rows', 'whole', 'rows'] },
  DepthwiseConv2dNativeBackpropInput: { sharding: 'rows', inputs: ['shape', 'whole', 'rows'] },
  MaxPool: { sharding: 'rows', inputs: ['rows'] },
  MaxPoolGrad: { sharding: 'rows', inputs: ['rows', 'rows', 'rows'] },
  AvgPool: { sharding: 'rows', inputs: ['rows'] },
  AvgPoolGrad: { sharding: 'rows', inputs: ['shape', 'rows'] },
  BiasAddGrad: { sharding: 'terms', inputs: ['rows'] },
  SoftmaxCrossEntropyWithLogits: { sharding: 'rows', inputs: ['rows', 'rows'] },
  SparseSoftmaxCrossEntropyWithLogits: { sharding: 'rows', inputs: ['rows', 'rows'] },
  Softmax: { sharding: 'rows', inputs: ['rows'] },
  BatchMatMulV2: { sharding: 'rows', inputs: ['rows', 'rows'] },
  ImageProjectiveTransformV3: { sharding: 'rows', inputs: ['rows', 'rows', 'whole', 'whole'] },
};

/** Operations that are work enough to cut a batch that is still whole. */
const CUTTING = new Set(['Conv2D', 'DepthwiseConv2dNative', 'ImageProjectiveTransformV3', 'GatherV2']);

/** Each row gathers from its own. */
const GATHER_BY_ROWS: ShardedOperation = { sharding: 'rows', inputs: ['rows', 'rows', 'whole'] };

/**
 * Says how an operation can be done on shards of a batch, or undefined for one that stays whole. Only operations that are known
 * to be safe are cut, and only where an input comes in shards already or the work is worth cutting one.
 *
 * @param batch how many examples a batch has; each may have several rows, one after the other, such as the tokens of an image
 * @param comesInRows whether an input was given by an operation that was cut into rows itself
 */
export function shardingOf(
  operation: RecordedOperation,
  batch: number,
  comesInRows: (input: number) => boolean,
  constant: ConstantInput = () => undefined,
): ShardedOperation | undefined {
  const { name, inputShapes, outputs } = operation;
  const isOfBatch = ([rows = 0]: readonly number[] = []): boolean => rows > 0 && rows % batch === 0;
  const hasRows = (input: number): boolean => isOfBatch(inputShapes[input]);
  if (name === 'MatMul') return productSharding(operation, hasRows, comesInRows);
  const isInShards = inputShapes.some((_, input) => comesInRows(input));
  const byRows = gathersByRows(operation) ? GATHER_BY_ROWS : BY_ROWS[name];
  if (byRows) {
    const isPossible = byRows.inputs.every((kind, input) => kind !== 'rows' || hasRows(input));
    return isPossible && (isInShards || CUTTING.has(name)) ? byRows : undefined;
  }
  if (!isInShards) return undefined;
  const byAxes = shardingByAxes(operation, constant);
  if (byAxes)
    return byAxes.inputs.every((kind, input) => kind !== 'rows' || hasRows(input)) ? byAxes : undefined;
  if (!isOfBatch(outputs[0]?.shape)) return undefined;
  // Rows lie one after the other in memory, and stay so.
  if (name === 'Reshape') return { sharding: 'rows', inputs: ['rows', 'shape'] };
  return ELEMENTWISE.has(name) ? elementwiseSharding(operation) : undefined;
}

/** Shapes are aligned at their ends, so an input of fewer dimensions has no batch, whatever its size. */
function elementwiseSharding({ inputShapes, outputs }: RecordedOperation): ShardedOperation | undefined {
  const { shape } = outputs[0]!;
  const kinds = inputShapes.map(({ length, 0: rows }) =>
    length === shape.length && rows === shape[0] ? 'rows' : 'whole',
  );
  return kinds.includes('rows') ? { sharding: 'rows', inputs: kinds } : undefined;
}

function gathersByRows({ name, attributes }: RecordedOperation): boolean {
  return name === 'GatherV2' && attributes.some((given) => given.name === 'batch_dims' && given.value === 1);
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
