import { add, mul, reshape, transpose } from '@tensorflow/tfjs-core';

import { elementCount } from '../../core/images.js';
import { dense } from '../layers/dense.js';
import { valueOf } from '../layers/layer.js';
import type { ParameterSpec } from '../model.js';
import type { SettingsOf } from './node-settings.js';
import { onlyShape, withOneInput, type GraphNode, type NodePlace } from './node.js';

/** A fully connected layer over the last axis. */
export function denseNode(place: NodePlace, { units, bias: hasBias }: SettingsOf<'dense'>): GraphNode {
  const { name, classes } = place;
  const shape = onlyShape(place);
  return withOneInput(
    dense({
      ...{ name, inputs: shape.at(-1)!, leading: shape.slice(0, -1), hasBias },
      ...{ units: units === 'classes' ? classes : units, initializer: 'fan-in-uniform' },
    }),
  );
}

/** Flattens an example, by default row by row with the channels of a pixel beside each other. */
export function flattenNode(place: NodePlace, { order }: SettingsOf<'flatten'>): GraphNode {
  const shape = onlyShape(place);
  const size = elementCount(shape);
  const isMoved = order === 'channels-first' && shape.length > 1;
  const axes = [0, shape.length, ...Array.from({ length: shape.length - 1 }, (_, axis) => axis + 1)];
  return {
    outputShape: [size],
    parameters: [],
    apply: ([input]) => reshape(isMoved ? transpose(input!, axes) : input!, [input!.shape[0], size]),
  };
}

/** The same values in another shape. */
export function reshapeNode(place: NodePlace, { shape }: SettingsOf<'reshape'>): GraphNode {
  const size = elementCount(onlyShape(place));
  if (elementCount(shape) !== size) place.refuse(`${elementCount(shape)} values`);
  return {
    outputShape: shape,
    parameters: [],
    apply: ([input]) => reshape(input!, [input!.shape[0], ...shape]),
  };
}

/** The axes of an example in another order; they count from 1, as 0 is the batch. */
export function transposeNode(place: NodePlace, { axes }: SettingsOf<'transpose'>): GraphNode {
  const shape = onlyShape(place);
  const isEach = [...axes].sort((a, b) => a - b).every((axis, index) => axis === index + 1);
  if (!isEach || axes.length !== shape.length)
    place.refuse(`an input of ${axes.length} axes, each named once`);
  return {
    outputShape: axes.map((axis) => shape[axis - 1]!),
    parameters: [],
    apply: ([input]) => transpose(input!, [0, ...axes]),
  };
}

/** input · factor + offset, with a constant factor and offset for each channel: the scaling that a model was trained with. */
export function scalingNode(place: NodePlace): GraphNode {
  const { name } = place;
  const shape = onlyShape(place);
  const channels = shape.at(-1)!;
  const [factor, offset] = [`${name}/factor`, `${name}/offset`];
  const constant = (of: string, value: number): ParameterSpec => ({
    name: of,
    shape: [channels],
    initialValue: () => new Float32Array(channels).fill(value),
    isFixed: true,
    isConstant: true,
  });
  return {
    outputShape: shape,
    parameters: [constant(factor, 1), constant(offset, 0)],
    apply: ([input], values) => add(mul(input!, valueOf(values, factor)), valueOf(values, offset)),
  };
}
