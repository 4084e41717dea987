import type { Tensor } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import type { ParameterSpec, ParameterValues, TrainingPass } from '../model.js';
import { sumOfCosts, type PassCost } from '../pass-cost.js';

/** A part of a network: maps a batch of tensors of one shape to a batch of another. */
export interface Layer {
  /** The shape of its output for one example, without the batch dimension. */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /** What it takes for one example; left out, that of a few operations with results as large as the output. */
  readonly cost?: PassCost;
  /**
   * [n, …input shape] to [n, …output shape].
   *
   * @param training only in training
   */
  apply(input: Tensor, values: ParameterValues, training?: TrainingPass): Tensor;
}

/** Operations of a layer that does not say: a product, a sum and a function, with a shape changed before and after. */
const USUAL_OPERATIONS = 5;
/** Results of a layer that does not say, as multiples of its output: before and after its activation. */
const USUAL_RESULTS = 2;

/** What a layer takes for one example. */
export function costOf({ cost, outputShape }: Layer): PassCost {
  return cost ?? { numbers: USUAL_RESULTS * elementCount(outputShape), operations: USUAL_OPERATIONS };
}

/** Height, width and channels. */
export type MapShape = readonly [height: number, width: number, channels: number];

/** How many tokens or steps, and how many numbers each has. */
export type SequenceShape = readonly [length: number, width: number];

/** A layer whose output is a sequence. */
export interface SequenceLayer extends Layer {
  readonly outputShape: SequenceShape;
}

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

/** Passes an input through layers, one after the other. */
export function applyAll(
  layers: readonly Layer[],
  input: Tensor,
  values: ParameterValues,
  training?: TrainingPass,
): Tensor {
  return layers.reduce((output, layer) => layer.apply(output, values, training), input);
}

/** One layer or more that follow each other, as one. */
export function chain<Kind extends Layer>(layers: readonly Kind[]): Layer & Pick<Kind, 'outputShape'> {
  const { outputShape } = layers.at(-1)!;
  return {
    outputShape,
    parameters: layers.flatMap(({ parameters }) => parameters),
    cost: sumOfCosts(layers.map(costOf)),
    apply: (input, values, training) => applyAll(layers, input, values, training),
  };
}
