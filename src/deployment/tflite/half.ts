import { elementCount } from '../../core/images.js';
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

const MAX_HALF = 65_504;

/** Floats of 16 bits (IEEE 754 binary16), each the nearest, ties to even; what is too large becomes the largest. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  return Uint16Array.from(values, (value) => {
    float[0] = Math.min(MAX_HALF, Math.max(-MAX_HALF, value));
    const whole = bits[0]!;
    const sign = (whole >>> 16) & 0x8000;
    const exponent = ((whole >>> 23) & 0xff) - 112;
    const mantissa = whole & 0x7fffff;
    // Normal numbers keep ten bits of the mantissa; a carry goes into the exponent, as it should.
    if (exponent > 0) return sign | roundOff((exponent << 23) | mantissa, 13);
    // Smaller ones have no leading one, and fewer bits the smaller they are.
    return exponent < -10 ? sign : sign | roundOff(mantissa | 0x800000, 14 - exponent);
  });
}

/** Drops bits of a whole number, and rounds to the nearest, ties to even. */
function roundOff(value: number, dropped: number): number {
  const kept = value >>> dropped;
  const rest = value & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  return rest > half || (rest === half && kept % 2 === 1) ? kept + 1 : kept;
}
