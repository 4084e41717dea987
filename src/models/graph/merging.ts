import { add, concat, div, maximum, minimum, mul, sub, type Tensor } from '@tensorflow/tfjs-core';

import { shapeInWords } from '../layers/from-settings.js';
import type { SettingsOf } from './node-settings.js';
import type { GraphNode, NodePlace } from './node.js';

const operations = {
  add,
  subtract: sub,
  multiply: mul,
  average: add,
  maximum,
  minimum,
} as const satisfies Record<SettingsOf<'merge'>['operation'], unknown>;

/** The inputs, value by value: an axis of length 1 goes with any length. */
export function mergeNode(place: NodePlace, { operation }: SettingsOf<'merge'>): GraphNode {
  const { shapes, refuse } = place;
  if (shapes.length < 2 || (operation === 'subtract' && shapes.length > 2)) refuse('two inputs');
  const outputShape = shapes.reduce((first, second) => broadcast(first, second, refuse));
  const combine = operations[operation] as (a: Tensor, b: Tensor) => Tensor;
  return {
    outputShape,
    parameters: [],
    apply(inputs) {
      const merged = inputs.reduce((first, second) => combine(first, second));
      return operation === 'average' ? div(merged, inputs.length) : merged;
    },
  };
}

function broadcast(
  first: readonly number[],
  second: readonly number[],
  refuse: NodePlace['refuse'],
): readonly number[] {
  const fits = first.length === second.length;
  const sizes = first.map((size, axis) => (size === 1 ? second[axis]! : size));
  if (fits && second.every((size, axis) => size === 1 || size === sizes[axis])) return sizes;
  return refuse(`inputs of one shape, and not ${shapeInWords(first)} and ${shapeInWords(second)}`);
}

/** The inputs one after the other along an axis, the last by default; axes count from 1. */
export function concatenateNode(
  { shapes, refuse }: NodePlace,
  { axis: given }: SettingsOf<'concatenate'>,
): GraphNode {
  const [first] = shapes;
  const axis = given ?? first!.length;
  const others = (shape: readonly number[]): string =>
    shape.map((size, index) => (index + 1 === axis ? '' : size)).join();
  const isSame = shapes.every((shape) => shape.length === first!.length && others(shape) === others(first!));
  if (!isSame || axis > first!.length) refuse(`inputs that differ in axis ${axis} alone`);
  const length = shapes.reduce((sum, shape) => sum + shape[axis - 1]!, 0);
  return {
    outputShape: first!.map((size, index) => (index + 1 === axis ? length : size)),
    parameters: [],
    apply: (inputs) => concat([...inputs], axis),
  };
}
