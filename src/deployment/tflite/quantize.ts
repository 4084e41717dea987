import type { PixelScaling } from '../../core/images.js';
import { quantise } from '../onnx/weights.js';
import { GraphWriter } from './builder.js';
import type { Range } from './calibrate.js';
import { weightAxes } from './fuse.js';
import type {
  LiteGraph,
  LiteOperator,
  LiteTensor,
  OperatorName,
  Quantization,
  TensorValues,
} from './graph.js';
import { floatOperators } from './islands.js';
import { liteNames } from './translate.js';

/** Results of operators whose range does not depend on their inputs, as TFLite requires them. */
const FIXED: Partial<Record<OperatorName, Quantization>> = {
  SOFTMAX: { scales: [1 / 256], zeroPoints: [-128], axis: 0 },
  LOGISTIC: { scales: [1 / 256], zeroPoints: [-128], axis: 0 },
  TANH: { scales: [1 / 128], zeroPoints: [0], axis: 0 },
};

/** Operators that move numbers, and give them as they were: their results are quantised as their inputs are. */
const MOVING: ReadonlySet<OperatorName> = new Set([
  'AVERAGE_POOL_2D',
  'MAX_POOL_2D',
  'PADV2',
  'RESHAPE',
  'SLICE',
  'SPLIT_V',
  'TRANSPOSE',
  'UNPACK',
]);

/** Operators that put tensors together, which have to be quantised alike. */
const JOINING: ReadonlySet<OperatorName> = new Set(['CONCATENATION', 'PACK']);

/** Sums of products are whole numbers of 32 bits; a bias may use most of them. */
const MAX_BIAS = 2 ** 30;

/**
 * A graph of floats as one of whole numbers: 8 bits for weights (with a scale for each output channel) and results, 32 bits for
 * biases, 8 bits in and out (TensorFlow's "full integer quantisation"; Jacob et al., "Quantization and training of neural networks
 * for efficient integer-arithmetic-only inference", 2018). Operators that have no such form, and what is computed around them, stay
 * floats (`floatOperators`).
 *
 * @param graph takes scaled pixels
 * @param ranges of all results
 */
export function quantizeLite(
  graph: LiteGraph,
  ranges: ReadonlyMap<LiteTensor, Range>,
  scaling: PixelScaling,
): LiteGraph {
  return new Quantizer(graph, ranges).quantize(scaling);
}

class Quantizer {
  readonly #writer = new GraphWriter();
  readonly #graph: LiteGraph;
  readonly #ranges: ReadonlyMap<LiteTensor, Range>;
  readonly #isFloat: (operator: LiteOperator) => boolean;
  /** What stands for a tensor of the graph, in whole numbers and in floats. */
  readonly #wholes = new Map<LiteTensor, LiteTensor>();
  readonly #floats = new Map<LiteTensor, LiteTensor>();
  readonly #weights = new Map<LiteTensor, LiteTensor>();

  constructor(graph: LiteGraph, ranges: ReadonlyMap<LiteTensor, Range>) {
    this.#graph = graph;
    this.#ranges = ranges;
    const floats = floatOperators(graph);
    this.#isFloat = (operator) => floats.has(operator);
  }

  quantize({ scale, offset }: PixelScaling): LiteGraph {
    const [scaled] = this.#graph.inputs;
    // A pixel p comes as p − 128, and stands for p × scale + offset.
    const zeroPoint = toWhole(-128 - offset / scale);
    const quantization = { scales: [scale], zeroPoints: [zeroPoint], axis: 0 };
    const images: LiteTensor = { name: liteNames.input, type: 'int8', shape: scaled!.shape, quantization };
    this.#wholes.set(scaled!, images);
    for (const operator of this.#graph.operators) {
      if (this.#isFloat(operator)) this.#copy(operator);
      else this.#add(operator);
    }
    const outputs = this.#graph.outputs.map((output) => {
      const whole = this.#whole(output);
      whole.name = output.name;
      return whole;
    });
    return this.#writer.finish([images], outputs);
  }

  /** Adds an operator on floats. */
  #copy(operator: LiteOperator): void {
    const inputs = operator.inputs.map((input) => input && this.#float(input));
    const outputs = operator.outputs.map((output): LiteTensor => ({ ...output }));
    operator.outputs.forEach((output, index) => this.#floats.set(output, outputs[index]!));
    this.#writer.append({ ...operator, inputs, outputs });
  }

  /** Adds an operator on whole numbers. */
  #add(operator: LiteOperator): void {
    const { name, outputs: results } = operator;
    const inputs = this.#inputsOf(operator);
    const outputs = results.map((result): LiteTensor => {
      const quantization = FIXED[name] ?? this.#likeInput(operator, inputs) ?? this.#byRange(result);
      return { ...result, type: 'int8', quantization };
    });
    results.forEach((result, index) => this.#wholes.set(result, outputs[index]!));
    this.#writer.append({ ...operator, inputs, outputs });
  }

  #inputsOf(operator: LiteOperator): (LiteTensor | undefined)[] {
    const { name, inputs } = operator;
    if (weightAxes[name] !== undefined && inputs[1]?.values) return this.#weighted(operator);
    if (JOINING.has(name)) return this.#alike(inputs as LiteTensor[]);
    if (name === 'PADV2') {
      const first = this.#whole(inputs[0]!);
      return [first, inputs[1], this.#constant(inputs[2]!, first.quantization!)];
    }
    // Sizes and axes are whole numbers already.
    return inputs.map((input) => (input?.type === 'float32' ? this.#whole(input) : input));
  }

  #likeInput({ name }: LiteOperator, inputs: readonly (LiteTensor | undefined)[]): Quantization | undefined {
    return MOVING.has(name) || JOINING.has(name) ? inputs[0]!.quantization : undefined;
  }

  #weighted({ name, inputs: [input, weights, bias] }: LiteOperator): (LiteTensor | undefined)[] {
    const whole = this.#whole(input!);
    const inputScale = whole.quantization!.scales[0]!;
    const axis = weightAxes[name]!;
    const least =
      bias && Float32Array.from(bias.values!, (value) => Math.abs(value) / (inputScale * MAX_BIAS));
    const quantised = this.#quantiseWeights(weights!, axis, least);
    if (!bias) return [whole, quantised, undefined];
    const scales = quantised.quantization!.scales.map((scale) => scale * inputScale);
    const values = Int32Array.from(bias.values!, (value, channel) => Math.round(value / scales[channel]!));
    const quantization = { scales, zeroPoints: scales.map(() => 0), axis: 0 };
    return [whole, quantised, this.#writer.constant(values, bias.shape, 'int32', { quantization })];
  }

  #quantiseWeights(weights: LiteTensor, axis: number, least: Float32Array | undefined): LiteTensor {
    const known = least ? undefined : this.#weights.get(weights);
    if (known) return known;
    const { quantised, scales } = quantise(weights.values as Float32Array, weights.shape, axis, least);
    const quantization = { scales: [...scales], zeroPoints: [...scales].map(() => 0), axis };
    const tensor = this.#writer.constant(quantised, weights.shape, 'int8', { quantization });
    if (!least) this.#weights.set(weights, tensor);
    return tensor;
  }

  /** Inputs that are quantised alike: those that are not are quantised again, for the range of all. */
  #alike(inputs: readonly LiteTensor[]): LiteTensor[] {
    const wholes = inputs.map((input) => this.#whole(input));
    const [first] = wholes;
    if (wholes.every((whole) => isSame(whole.quantization!, first!.quantization!))) return wholes;
    const ranges = wholes.map((whole) => rangeOf(whole.quantization!));
    const quantization = quantizationFor({
      min: Math.min(...ranges.map(({ min }) => min)),
      max: Math.max(...ranges.map(({ max }) => max)),
    });
    return wholes.map((whole) =>
      isSame(whole.quantization!, quantization) ? whole : this.#requantise(whole, quantization),
    );
  }

  #requantise(tensor: LiteTensor, quantization: Quantization): LiteTensor {
    const output: LiteTensor = { ...this.#writer.tensor(tensor.shape, 'quantize', 'int8'), quantization };
    this.#writer.append({ name: 'QUANTIZE', inputs: [tensor], outputs: [output], options: {} });
    return output;
  }

  #whole(tensor: LiteTensor): LiteTensor {
    const known = this.#wholes.get(tensor);
    if (known) return known;
    const whole = tensor.values
      ? this.#constant(tensor, quantizationFor(rangeOfValues(tensor.values)))
      : this.#requantise(this.#float(tensor), this.#byRange(tensor));
    this.#wholes.set(tensor, whole);
    return whole;
  }

  #float(tensor: LiteTensor): LiteTensor {
    if (tensor.values) return tensor;
    const known = this.#floats.get(tensor);
    if (known) return known;
    const whole = this.#wholes.get(tensor);
    if (!whole) throw new Error(`the tensor ${tensor.name} is taken before it is computed`);
    const float = this.#writer.add('DEQUANTIZE', [whole], tensor.shape);
    this.#floats.set(tensor, float);
    return float;
  }

  #constant({ values, shape }: LiteTensor, quantization: Quantization): LiteTensor {
    const [scale, zeroPoint] = [quantization.scales[0]!, quantization.zeroPoints[0]!];
    const wholes = Int8Array.from(values!, (value) => toWhole(value / scale + zeroPoint));
    return this.#writer.constant(wholes, shape, 'int8', { quantization });
  }

  #byRange(tensor: LiteTensor): Quantization {
    const range = this.#ranges.get(tensor);
    if (!range) throw new Error(`the tensor ${tensor.name} was not measured`);
    return quantizationFor(range);
  }
}

/** 256 whole numbers for a range, which always contains 0: padding and what ReLU cuts off must be exact. */
export function quantizationFor(range: Range): Quantization {
  const [min, max] = [Math.min(0, range.min), Math.max(0, range.max)];
  const scale = (max - min) / 255 || 1;
  return { scales: [scale], zeroPoints: [toWhole(-128 - min / scale)], axis: 0 };
}

function rangeOf({ scales, zeroPoints }: Quantization): Range {
  const [scale, zeroPoint] = [scales[0]!, zeroPoints[0]!];
  return { min: scale * (-128 - zeroPoint), max: scale * (127 - zeroPoint) };
}

function rangeOfValues(values: TensorValues): Range {
  const range = { min: 0, max: 0 };
  for (const value of values) {
    range.min = Math.min(range.min, value);
    range.max = Math.max(range.max, value);
  }
  return range;
}

function toWhole(value: number): number {
  return Math.min(127, Math.max(-128, Math.round(value)));
}

function isSame(one: Quantization, other: Quantization): boolean {
  return one.scales[0] === other.scales[0] && one.zeroPoints[0] === other.zeroPoints[0];
}
