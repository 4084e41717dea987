import type { Tensor } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { ParameterSpec, ParameterValues, TrainingPass } from '../model.js';
import { sumOfCosts, type PassCost } from '../pass-cost.js';

/** A layer: maps a batch of tensors of one shape to a batch of another. */
export interface Layer {
  /** The output shape, without the batch dimension. */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /** The cost for one example; by default that of a few operations with results as large as the output. */
  readonly cost?: PassCost;
  /**
   * Maps [n, …input shape] to [n, …output shape].
   *
   * @param training given only in training
   */
  apply(input: Tensor, values: ParameterValues, training?: TrainingPass): Tensor;
}

/** The default number of operations: a product, a sum, an activation and two reshapes. */
const USUAL_OPERATIONS = 5;
/** The default size of results, as a multiple of the output: before and after the activation. */
const USUAL_RESULTS = 2;

/** The cost of a layer for one example. */
export function costOf({ cost, outputShape }: Pick<Layer, 'cost' | 'outputShape'>): PassCost {
  return cost ?? { numbers: USUAL_RESULTS * elementCount(outputShape), operations: USUAL_OPERATIONS };
}

/** Height, width and channels. */
export type MapShape = readonly [height: number, width: number, channels: number];

/** The number of tokens or steps, and the size of each. */
export type SequenceShape = readonly [length: number, width: number];

/** A layer whose output is a sequence. */
export interface SequenceLayer extends Layer {
  readonly outputShape: SequenceShape;
}

/** A layer whose output is an image with any number of channels. */
export interface MapLayer extends Layer {
  readonly outputShape: MapShape;
}

/** The current value of a parameter. Throws if it has none. */
export function valueOf(values: ParameterValues, name: string): Tensor {
  const value = values.get(name);
  if (!value) throw new Error(`the parameter ${name} has no value`);
  return value;
}

/** Applies layers one after the other. */
export function applyAll(
  layers: readonly Layer[],
  input: Tensor,
  values: ParameterValues,
  training?: TrainingPass,
): Tensor {
  return layers.reduce((output, layer) => layer.apply(output, values, training), input);
}

/** Combines consecutive layers into one. */
export function chain<Kind extends Layer>(layers: readonly Kind[]): Layer & Pick<Kind, 'outputShape'> {
  const { outputShape } = layers.at(-1)!;
  return {
    outputShape,
    parameters: layers.flatMap(({ parameters }) => parameters),
    cost: sumOfCosts(layers.map(costOf)),
    apply: (input, values, training) => applyAll(layers, input, values, training),
  };
}
