import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import { shardingByAxes } from './sharding-axes.js';
import type { ShardedOperation, ConstantInput } from './sharded-operation.js';

/** Elementwise operations, with NumPy broadcasting. */
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
  ...[
    'Mul',
    'Add',
    'AddV2',
    'Sub',
    'RealDiv',
    'Maximum',
    'Minimum',
    'Square',
    'SquaredDifference',
    'Sqrt',
    'Rsqrt',
    'Exp',
    'Log',
    'Neg',
  ],
  ...['Cast', 'GreaterEqual', 'Greater', 'Less', 'LessEqual', 'SelectV2', 'Identity', 'Erf', 'ZerosLike'],
  ...['Equal', 'NotEqual', 'LogicalAnd', 'LogicalOr', 'LogicalNot'],
]);

/**
 * Operations that compute a shard's rows (or its partial sum over the rows) from its rows of some inputs and the whole of the others.
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

/** Operations expensive enough to be worth splitting a whole batch. */
const WORTH_SPLITTING = new Set([
  'Conv2D',
  'DepthwiseConv2dNative',
  'ImageProjectiveTransformV3',
  'GatherV2',
]);

/** With `batch_dims` 1, each row gathers from its own data. */
const GATHER_BY_ROWS: ShardedOperation = { sharding: 'rows', inputs: ['rows', 'rows', 'whole'] };

/**
 * How an operation runs on shards of a batch; undefined if it stays whole. Only operations that are known to be safe are sharded, and
 * only if an input is sharded already or the operation is expensive enough to split one.
 *
 * @param batch the batch size; an example may have several consecutive rows, such as the tokens of an image
 * @param isInRows whether an input is the output of an operation that was sharded by rows
 */
export function shardingOf(
  operation: RecordedOperation,
  batch: number,
  isInRows: (input: number) => boolean,
  constant: ConstantInput = () => undefined,
): ShardedOperation | undefined {
  const { name, inputShapes, outputs } = operation;
  const isOfBatch = ([rows = 0]: readonly number[] = []): boolean => rows > 0 && rows % batch === 0;
  const hasRows = (input: number): boolean => isOfBatch(inputShapes[input]);
  if (name === 'MatMul') return productSharding(operation, hasRows, isInRows);
  const isInShards = inputShapes.some((_, input) => isInRows(input));
  const byRows = gathersByRows(operation) ? GATHER_BY_ROWS : BY_ROWS[name];
  if (byRows) {
    const isPossible = byRows.inputs.every((kind, input) => kind !== 'rows' || hasRows(input));
    return isPossible && (isInShards || WORTH_SPLITTING.has(name)) ? byRows : undefined;
  }
  if (!isInShards) return undefined;
  const byAxes = shardingByAxes(operation, constant);
  if (byAxes)
    return byAxes.inputs.every((kind, input) => kind !== 'rows' || hasRows(input)) ? byAxes : undefined;
  if (!isOfBatch(outputs[0]?.shape)) return undefined;
  // Rows are contiguous in memory, before and after.
  if (name === 'Reshape') return { sharding: 'rows', inputs: ['rows', 'shape'] };
  const isElementwise = ELEMENTWISE.has(name) || (name === 'Select' && haveSameShape(inputShapes));
  return isElementwise ? elementwiseSharding(operation) : undefined;
}

/** Where shapes differ, `Select` takes whole rows. */
function haveSameShape([first, ...others]: readonly (readonly number[])[]): boolean {
  return others.every((shape) => String(shape) === String(first));
}

/** Broadcasting aligns trailing dimensions, so an input of lower rank has no batch dimension. */
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

/** The rows of a product depend only on the same rows of the first factor; with a transposed factor, it is a sum over the rows. */
function productSharding(
  { attributes }: RecordedOperation,
  hasRows: (input: number) => boolean,
  isInRows: (input: number) => boolean,
): ShardedOperation | undefined {
  const isTransposed = attributes.some(({ name, value }) => name === 'transpose_a' && value === true);
  if (!isTransposed) return hasRows(0) ? { sharding: 'rows', inputs: ['rows', 'whole'] } : undefined;
  const isPossible = hasRows(0) && hasRows(1) && (isInRows(0) || isInRows(1));
  return isPossible ? { sharding: 'terms', inputs: ['rows', 'rows'] } : undefined;
}
