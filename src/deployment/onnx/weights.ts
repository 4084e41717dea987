import { elementCount } from '../../core/images.js';
import { transposeValues } from '../../core/numerics/transpose.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import { bytesOf, OnnxType, type OnnxGraph } from './graph.js';

/** How weights are stored: as they were trained, or as whole numbers from −127 to 127 with a scale for each channel. */
export type WeightStorage = 'float32' | 'int8';

/** In smaller tensors, the scales would take more space than quantisation saves. */
export const MIN_QUANTISED = 1024;

/**
 * Adds the weights of a layer to a graph. Quantised ones take a quarter of the space and are scaled back when they are used, so
 * that everything but their own rounding stays exact.
 *
 * @param axis of the output channels
 */
export function addWeights(
  graph: OnnxGraph,
  weights: HostTensor,
  axis: number,
  storage: WeightStorage,
): string {
  const { shape } = weights;
  const values = weights.values as Float32Array;
  if (storage === 'float32' || values.length < MIN_QUANTISED) return graph.floats(values, shape);
  const { quantised, scales } = quantise(values, shape, axis);
  const stored = graph.constant({ type: OnnxType.INT8, shape, bytes: bytesOf(quantised) });
  return graph.node('DequantizeLinear', [stored, graph.floats(scales, [scales.length])], { axis });
}

/**
 * Symmetric quantisation by channel: value ≈ whole number × scale, with the largest value of a channel at ±127.
 *
 * @param least the smallest scale that each channel may have
 */
export function quantise(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
  least?: Float32Array,
): { quantised: Int8Array; scales: Float32Array } {
  const channels = shape[axis] ?? 1;
  const stride = elementCount(shape.slice(axis + 1));
  const channelOf = (index: number): number => Math.floor(index / stride) % channels;
  const largest = new Float32Array(channels);
  values.forEach((value, index) => {
    const channel = channelOf(index);
    largest[channel] = Math.max(largest[channel]!, Math.abs(value));
  });
  // A channel of zeros needs a scale that can be divided by.
  const scales = largest.map((most, channel) => Math.max(most / 127, least?.[channel] ?? 0) || 1);
  const quantised = Int8Array.from(values, (value, index) => Math.round(value / scales[channelOf(index)]!));
  return { quantised, scales };
}

/** Moves the axes of a tensor. */
export function transpose({ type, shape, values }: HostTensor, order: readonly number[]): HostTensor {
  return { type, shape: order.map((axis) => shape[axis]!), values: transposeValues(values, shape, order) };
}
