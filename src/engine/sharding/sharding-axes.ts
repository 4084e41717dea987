import { DataType } from '../../tensorflow/c-api/data-types.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { ConstantInput, ShardedOperation, ShardInput } from './sharded-operation.js';

type AxesRule = (operation: RecordedOperation, constant: ConstantInput) => ShardedOperation | undefined;

/** Operations along axes: they work row by row unless the first axis is among these. */
const RULES: Readonly<Record<string, AxesRule>> = {
  Transpose: (_, constant) => rowsIf(constant(1)?.values[0] === 0, ['rows', 'whole']),
  Mean: (_, constant) => rowsIf(keepsRows(constant(1)?.values), ['rows', 'whole']),
  ArgMax: (_, constant) => rowsIf(keepsRows(constant(1)?.values), ['rows', 'whole']),
  Max: (_, constant) => rowsIf(keepsRows(constant(1)?.values), ['rows', 'whole']),
  Sum: sumSharding,
  Pack: (operation) => rowsIf(axisOf(operation) > 0, operation.inputs.map(rows)),
  Unpack: (operation) => rowsIf(axisOf(operation) > 0, ['rows']),
  GatherV2: (operation, constant) => rowsIf(gatherAxis(operation, constant) > 0, ['rows', 'whole', 'whole']),
  SplitV: (_, constant) => rowsIf(keepsRows(constant(2)?.values), ['rows', 'whole', 'whole']),
  ConcatV2({ inputs }, constant) {
    const last = inputs.length - 1;
    return rowsIf(keepsRows(constant(last)?.values), [...inputs.slice(0, last).map(rows), 'whole']);
  },
  PadV2(_, constant) {
    const [before, after] = constant(1)?.values ?? [];
    return rowsIf(before === 0 && after === 0, ['rows', 'whole', 'whole']);
  },
  Slice({ inputShapes }, constant) {
    const size = constant(2)?.values[0];
    const takesAll = size === -1 || size === inputShapes[0]?.[0];
    return rowsIf(constant(1)?.values[0] === 0 && takesAll, ['rows', 'whole', 'shape']);
  },
};

/** How an operation along axes runs on shards; undefined if it cannot be sharded, and for all other operations. */
export function shardingByAxes(
  operation: RecordedOperation,
  constant: ConstantInput,
): ShardedOperation | undefined {
  const rule = Object.hasOwn(RULES, operation.name) ? RULES[operation.name] : undefined;
  return rule?.(operation, constant);
}

/** A sum over the rows is the sum of the shards' partial sums. */
function sumSharding({ outputs }: RecordedOperation, constant: ConstantInput): ShardedOperation | undefined {
  const axes = constant(1)?.values;
  if (axes?.includes(0) && outputs[0]?.dtype === DataType.FLOAT) {
    return { sharding: 'terms', inputs: ['rows', 'whole'] };
  }
  return rowsIf(keepsRows(axes), ['rows', 'whole']);
}

function rowsIf(isPossible: boolean, inputs: readonly ShardInput[]): ShardedOperation | undefined {
  return isPossible ? { sharding: 'rows', inputs } : undefined;
}

function rows(): ShardInput {
  return 'rows';
}

/** Whether axes are known and exclude the first one; tfjs passes no negative axes. */
function keepsRows(axes: ArrayLike<number> | undefined): boolean {
  return axes !== undefined && Array.from(axes).every((axis) => axis > 0);
}

/** The axis of a gather with the same indices for all rows; 0 where it is not known to be one. */
function gatherAxis({ attributes }: RecordedOperation, constant: ConstantInput): number {
  const isShared = !attributes.some(({ name, value }) => name === 'batch_dims' && value !== 0);
  return isShared ? (constant(2)?.values[0] ?? 0) : 0;
}

function axisOf({ attributes }: RecordedOperation): number {
  return Number(attributes.find(({ name }) => name === 'axis')?.value ?? 0);
}
