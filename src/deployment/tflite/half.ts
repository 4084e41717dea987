import { elementCount } from '../../core/images.js';
import { toHalf } from '../../core/numerics/half.js';
import { weightAxes } from './fuse.js';
import type { LiteGraph, LiteOperator, LiteTensor } from './graph.js';

/** In smaller tensors, the operator that widens them would take more space than half of them saves. */
const MIN_VALUES = 64;

/** A graph whose weights are stored in 16 bits, and widened when it is loaded: everything is computed with floats of 32 bits. */
export function withHalfWeights(graph: LiteGraph): LiteGraph {
  const widened = new Map<LiteTensor, LiteTensor>();
  const widening: LiteOperator[] = [];
  const widen = (weights: LiteTensor): LiteTensor => {
    const known = widened.get(weights);
    if (known) return known;
    const { name, shape, values } = weights;
    const half: LiteTensor = {
      name: `${name}_half`,
      type: 'float16',
      shape,
      values: toHalf(values as Float32Array),
    };
    const wide: LiteTensor = { name, type: 'float32', shape };
    widening.push({ name: 'DEQUANTIZE', inputs: [half], outputs: [wide], options: {} });
    widened.set(weights, wide);
    return wide;
  };
  const operators = graph.operators.map((operator) => {
    const weights = operator.inputs[1];
    const isWeighted = weightAxes[operator.name] !== undefined && weights?.values !== undefined;
    if (!isWeighted || elementCount(weights.shape) < MIN_VALUES) return operator;
    return { ...operator, inputs: operator.inputs.with(1, widen(weights)) };
  });
  return { ...graph, operators: [...widening, ...operators] };
}
