import {
  add,
  batchNorm,
  mul,
  reshape,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

import { normalizeBatch } from '../../engine/tracing/batch-normalization.js';
import { elementCount } from '../../core/images.js';
import type { ParameterSpec } from '../model.js';
import { valueOf, type Layer } from './layer.js';

export interface BatchNormalizationOptions<Shape extends readonly number[]> {
  name: string;
  /** The shape of an example; the last axis is the channels. */
  shape: Shape;
  /** The decay of the moving statistics per step. */
  momentum?: number;
  /** Added to the variance to avoid division by zero. */
  epsilon?: number;
  /** Whether the scale is learnt, true by default; else it stays 1. */
  hasScale?: boolean;
  /** Whether the offset is learnt, true by default; else it stays 0. */
  hasOffset?: boolean;
  /** The scale that training starts from. */
  initialScale?: number;
}

/** What batch normalisation adds to the variance by default. */
export const NORMALIZATION_EPSILON = 1e-5;

const constantly =
  (value: number, count: number): ParameterSpec['initialValue'] =>
  () =>
    new Float32Array(count).fill(value);

/**
 * Batch normalisation with a learned scale and shift per channel: training uses the statistics of the batch, inference their moving
 * averages, which are saved with the model (Ioffe and Szegedy, "Batch normalization: accelerating deep network
 * training by reducing internal covariate shift", 2015). It needs the whole batch, so training
 * steps with it are not sharded; workers that share a batch sum their statistics.
 */
export function batchNormalization<Shape extends readonly number[]>({
  name,
  shape,
  momentum = 0.9,
  epsilon = NORMALIZATION_EPSILON,
  initialScale = 1,
  hasScale = true,
  hasOffset = true,
}: BatchNormalizationOptions<Shape>): Layer & { readonly outputShape: Shape } {
  const channels = shape.at(-1) ?? 1;
  const asImage: [number, number, number] = [1, elementCount(shape) / channels, channels];
  const [scale, offset, mean, variance] = ['scale', 'offset', 'moving-mean', 'moving-variance'].map(
    (part) => `${name}/${part}`,
  ) as [string, string, string, string];
  const parameter = (of: string, start: number, isFixed = false): ParameterSpec => {
    return { name: of, shape: [channels], initialValue: constantly(start, channels), isFixed };
  };
  const learnt = (of: string, start: number, isLearnt: boolean): ParameterSpec =>
    isLearnt ? parameter(of, start) : { ...parameter(of, start, true), isConstant: true };
  return {
    outputShape: shape,
    parameters: [
      learnt(scale, initialScale, hasScale),
      learnt(offset, 0, hasOffset),
      parameter(mean, 0, true),
      parameter(variance, 1, true),
    ],
    apply(input, values, training) {
      const vector = (of: string): Tensor1D => valueOf(values, of) as Tensor1D;
      const x = (shape.length === 3 ? input : reshape(input, [input.shape[0], ...asImage])) as Tensor4D;
      const backToShape = (output: Tensor): Tensor =>
        shape.length === 3 ? output : reshape(output, input.shape);
      if (!training || training.isFrozen?.(name)) {
        return backToShape(
          batchNorm(x, vector(mean), vector(variance), vector(offset), vector(scale), epsilon),
        );
      }
      const batch = normalizeBatch(x, vector(scale), vector(offset), epsilon, training.isShared);
      training.update(mean, movedTowards(vector(mean), batch.mean, 1 - momentum));
      training.update(variance, movedTowards(vector(variance), batch.variance, 1 - momentum));
      return backToShape(batch.output);
    },
  };
}

/** The exponential moving average after one step. */
function movedTowards(average: Tensor, latest: Tensor, share: number): Tensor {
  return add(average, mul(sub(latest, average), share));
}
