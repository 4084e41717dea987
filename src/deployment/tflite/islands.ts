import type { LiteGraph, LiteOperator, LiteTensor, OperatorName } from './graph.js';

/** Operators that TFLite has for 8-bit numbers, and that lose little by them. */
const WHOLE: ReadonlySet<OperatorName> = new Set([
  'ADD',
  'AVERAGE_POOL_2D',
  'BATCH_MATMUL',
  'CONCATENATION',
  'CONV_2D',
  'DEPTHWISE_CONV_2D',
  'FULLY_CONNECTED',
  'GELU',
  'LEAKY_RELU',
  'LOGISTIC',
  'MAX_POOL_2D',
  'MEAN',
  'MUL',
  'PACK',
  'PADV2',
  'RELU',
  'RELU6',
  'RESHAPE',
  'SLICE',
  'SOFTMAX',
  'SPLIT_V',
  'SUB',
  'TANH',
  'TRANSPOSE',
  'UNPACK',
]);

/** Of these, the ones that work on single numbers or sum them up: they are as exact as what they are computed from. */
const FOLLOWING: ReadonlySet<OperatorName> = new Set(['ADD', 'SUB', 'MUL', 'MEAN']);

/**
 * The operators that stay floats where the rest becomes whole numbers: those without an 8-bit form, such as the reciprocal root of a
 * layer normalisation, and the sums and products that lead to them or follow them, whose range 8 bits do not hold.
 */
export function floatOperators({ operators }: LiteGraph): Set<LiteOperator> {
  const producers = new Map<LiteTensor, LiteOperator>();
  const consumers = new Map<LiteTensor, LiteOperator[]>();
  for (const operator of operators) {
    for (const output of operator.outputs) producers.set(output, operator);
    for (const input of operator.inputs) {
      if (input) consumers.set(input, [...(consumers.get(input) ?? []), operator]);
    }
  }
  const found = new Set<LiteOperator>();
  const open = operators.filter(({ name }) => !WHOLE.has(name));
  for (let operator = open.pop(); operator; operator = open.pop()) {
    if (found.has(operator)) continue;
    found.add(operator);
    const before = operator.inputs.flatMap((input) => (input && producers.get(input)) ?? []);
    const after = operator.outputs.flatMap((output) => consumers.get(output) ?? []);
    open.push(...[...before, ...after].filter(({ name }) => FOLLOWING.has(name)));
  }
  return found;
}
