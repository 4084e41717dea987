import type { Tensor } from '@tensorflow/tfjs-core';

import type { ParameterSpec, ParameterValues } from '../model.js';

/** A part of a network: maps a batch of tensors of one shape to a batch of another. */
export interface Layer {
  /** The shape of its output for one example, without the batch dimension. */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /** [n, …input shape] to [n, …output shape]. */
  apply(input: Tensor, values: ParameterValues): Tensor;
}

/** The present value of a parameter. Throws if the model was given no value for it. */
export function valueOf(values: ParameterValues, name: string): Tensor {
  const value = values.get(name);
  if (!value) throw new Error(`the parameter ${name} has no value`);
  return value;
}
