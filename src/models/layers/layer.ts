import type { Tensor } from '@tensorflow/tfjs-core';

import type { Randomness } from '../../engine/randomness.js';
import type { ParameterSpec, ParameterValues } from '../model.js';

/** A part of a network: maps a batch of tensors of one shape to a batch of another. */
export interface Layer {
  /** The shape of its output for one example, without the batch dimension. */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /**
   * [n, …input shape] to [n, …output shape].
   *
   * @param randomness only in training
   */
  apply(input: Tensor, values: ParameterValues, randomness?: Randomness): Tensor;
}

/** Height, width and channels. */
export type MapShape = readonly [height: number, width: number, channels: number];

/** How many tokens or steps, and how many numbers each has. */
export type SequenceShape = readonly [length: number, width: number];

/** A layer whose output is an image again, of as many channels as it likes. */
export interface MapLayer extends Layer {
  readonly outputShape: MapShape;
}

/** The present value of a parameter. Throws if the model was given no value for it. */
export function valueOf(values: ParameterValues, name: string): Tensor {
  const value = values.get(name);
  if (!value) throw new Error(`the parameter ${name} has no value`);
  return value;
}
