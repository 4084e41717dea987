import type { Tensor } from '@tensorflow/tfjs-core';

import type { Layer, MapShape } from '../layers/layer.js';
import type { ParameterSpec, ParameterValues, TrainingPass } from '../model.js';

/** A layer with one or several inputs. */
export interface GraphNode {
  /** The output shape, without the batch dimension. */
  readonly outputShape: readonly number[];
  readonly parameters: readonly ParameterSpec[];
  /** Maps inputs [n, …] to [n, …output shape]. */
  apply(inputs: readonly Tensor[], values: ParameterValues, training?: TrainingPass): Tensor;
}

/** Where a node is in a graph. */
export interface NodePlace {
  readonly name: string;
  /** The shapes of its inputs, without the batch dimension. */
  readonly shapes: readonly (readonly number[])[];
  readonly classes: number;
  /** Throws an error that says what the node needs. */
  readonly refuse: (need: string) => never;
}

/** A layer as a node. */
export function withOneInput(layer: Layer): GraphNode {
  const { outputShape, parameters } = layer;
  return {
    outputShape,
    parameters,
    apply: ([input], values, training) => layer.apply(input!, values, training),
  };
}

/** The shape of the only input. */
export function onlyShape({ shapes, refuse }: NodePlace): readonly number[] {
  return shapes.length === 1 ? shapes[0]! : refuse('a single input');
}

/** The shape of the only input, an image. */
export function imageShape(place: NodePlace): MapShape {
  const shape = onlyShape(place);
  if (shape.length === 3) return shape as MapShape;
  return place.refuse('an image (height × width × channels)');
}
