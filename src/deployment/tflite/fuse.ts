import { elementCount } from '../../core/images.js';
import type { GraphWriter } from './builder.js';
import type { FusedActivation, LiteOperator, LiteTensor, OperatorName } from './graph.js';

/** Operators that have weights and a bias, with the axis of the weights' output channels. */
export const weightAxes: Partial<Record<OperatorName, number>> = {
  CONV_2D: 0,
  FULLY_CONNECTED: 0,
  DEPTHWISE_CONV_2D: 3,
};

const FUSING: ReadonlySet<OperatorName> = new Set([
  'CONV_2D',
  'DEPTHWISE_CONV_2D',
  'FULLY_CONNECTED',
  'ADD',
  'SUB',
  'MUL',
  'MAX_POOL_2D',
  'AVERAGE_POOL_2D',
]);

/** What is known about the tensors of the pass that is translated. */
export interface Uses {
  /** Whether nothing but the operation that is translated now takes a tensor. */
  readonly isOnlyUse: (tensor: LiteTensor) => boolean;
}

/** Adds a bias for each channel to what computes a tensor, where that can take it in; undefined where it cannot. */
export function fuseBias(
  writer: GraphWriter,
  tensor: LiteTensor,
  bias: LiteTensor,
  { isOnlyUse }: Uses,
): LiteTensor | undefined {
  const producer = writer.producerOf(tensor);
  if (!producer || !isOnlyUse(tensor) || !isLinear(producer) || !bias.values) return undefined;
  if (elementCount(bias.shape) !== tensor.shape.at(-1)) return undefined;
  const own = producer.inputs[2]?.values;
  const sum = Float32Array.from(bias.values, (value, channel) => value + (own?.[channel] ?? 0));
  producer.inputs[2] = writer.floats(sum);
  return tensor;
}

/** Makes an activation part of what computes a tensor, where that is possible; undefined where it is not. */
export function fuseActivation(
  writer: GraphWriter,
  tensor: LiteTensor,
  activation: FusedActivation,
  { isOnlyUse }: Uses,
): LiteTensor | undefined {
  const producer = writer.producerOf(tensor);
  if (!producer || !isOnlyUse(tensor) || !FUSING.has(producer.name) || isActive(producer)) return undefined;
  producer.options = { ...producer.options, activation };
  return tensor;
}

/**
 * Multiplies each channel and adds to it, in a convolution that computes the tensor; through a max pool between them, where no
 * channel is turned around. Elsewhere a depthwise convolution of 1×1 does it, whose weights are quantised by channel.
 */
export function scaleChannels(
  writer: GraphWriter,
  tensor: LiteTensor,
  scale: Float32Array,
  shift: Float32Array,
  uses: Uses,
): LiteTensor {
  const convolution = foldableConvolution(writer, tensor, scale, uses);
  if (convolution) {
    foldInto(writer, convolution, scale, shift);
    return tensor;
  }
  const channels = scale.length;
  const inputs = [tensor, writer.floats(scale, [1, 1, 1, channels]), writer.floats(shift)];
  const options = { padding: 'VALID', strides: [1, 1], depthMultiplier: 1 } as const;
  return writer.add('DEPTHWISE_CONV_2D', inputs, tensor.shape, options);
}

function foldableConvolution(
  writer: GraphWriter,
  tensor: LiteTensor,
  scale: Float32Array,
  uses: Uses,
): LiteOperator | undefined {
  const producer = writer.producerOf(tensor);
  if (!producer || !uses.isOnlyUse(tensor) || isActive(producer)) return undefined;
  if (isLinear(producer) && producer.name !== 'FULLY_CONNECTED') return producer;
  // The largest value stays the largest only if all are multiplied by what is not negative.
  if (producer.name !== 'MAX_POOL_2D' || scale.some((factor) => factor < 0)) return undefined;
  return foldableConvolution(writer, producer.inputs[0]!, scale, uses);
}

function foldInto(
  writer: GraphWriter,
  convolution: LiteOperator,
  scale: Float32Array,
  shift: Float32Array,
): void {
  const [, weights, bias] = convolution.inputs;
  const axis = weightAxes[convolution.name]!;
  const stride = elementCount(weights!.shape.slice(axis + 1));
  const scaled = Float32Array.from(
    weights!.values!,
    (value, index) => value * scale[Math.floor(index / stride) % scale.length]!,
  );
  convolution.inputs[1] = writer.floats(scaled, weights!.shape);
  convolution.inputs[2] = writer.floats(
    shift.map((value, channel) => value + scale[channel]! * (bias?.values?.[channel] ?? 0)),
  );
}

/** Whether it has weights that are part of the model, and nothing after the sum. */
function isLinear(operator: LiteOperator): boolean {
  const hasWeights = weightAxes[operator.name] !== undefined && operator.inputs[1]?.values !== undefined;
  return hasWeights && !isActive(operator);
}

function isActive({ options: { activation = 'NONE' } }: LiteOperator): boolean {
  return activation !== 'NONE';
}
