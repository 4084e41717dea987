import { isDeepStrictEqual } from 'node:util';

import { zeros, type Tensor4D } from '@tensorflow/tfjs-core';

import { ToolkitError } from '../../core/errors.js';
import type { RecordedOperation } from '../../tensorflow/backend/recording-binding.js';
import type { HostTensor } from '../../tensorflow/c-api/tensors.js';
import type { ImageShape } from '../../core/images.js';
import type { Forward } from '../running/program.js';
import { trace, type Trace } from './trace.js';

/** Two batch sizes show what depends on the size; primes, so that no layer's size is a multiple of both by chance. */
const [FEW, MORE] = [7, 11];

/** Operations with a constant input (by position) of sizes, in which −1 is allowed. */
const SIZE_INPUT: ReadonlyMap<string, number> = new Map([
  ['Reshape', 1],
  ['Slice', 2],
]);

/**
 * Traces a forward pass for any batch size: constants that depend on the batch size become −1. The output shapes in the trace are those
 * of a sample batch. Throws STEP_NOT_TRACEABLE if the batch size is used in another way.
 */
export function traceAnyBatch(forward: Forward, shape: ImageShape): Trace {
  return generalise(traceBatch(forward, shape, FEW), traceBatch(forward, shape, MORE));
}

/** Traces a forward pass for one batch size. Throws STEP_NOT_TRACEABLE for what a trace cannot express. */
export function traceBatch(forward: Forward, shape: ImageShape, size: number): Trace {
  const images: Tensor4D = zeros([size, shape.height, shape.width, shape.channels]);
  try {
    return trace(([input]) => [forward(input as Tensor4D)], [images]);
  } finally {
    images.dispose();
  }
}

function generalise(few: Trace, more: Trace): Trace {
  const constants = new Map(few.constants);
  if (few.operations.length !== more.operations.length) refuse(few.operations[0]);
  few.operations.forEach((operation, index) => {
    const again = more.operations[index]!;
    if (operation.name !== again.name || !isDeepStrictEqual(operation.attributes, again.attributes)) {
      refuse(operation);
    }
    operation.inputs.forEach((input, position) => {
      const first = few.constants.get(input);
      const second = more.constants.get(again.inputs[position]!);
      if (isDeepStrictEqual(first, second)) return;
      const general = SIZE_INPUT.get(operation.name) === position ? withoutSize(first, second) : undefined;
      if (!general) refuse(operation);
      constants.set(input, general);
    });
  });
  return { ...few, constants };
}

/** A list of sizes with −1 for the one that is proportional to the batch size; undefined if that is not the only difference. */
function withoutSize(first: HostTensor | undefined, second: HostTensor | undefined): HostTensor | undefined {
  if (!first || first.values.length !== second?.values.length) return undefined;
  const values = Int32Array.from(first.values);
  const differing = [...values.keys()].filter((index) => values[index] !== second.values[index]);
  const [place] = differing;
  const isSize =
    differing.length === 1 &&
    place !== undefined &&
    first.values[place]! * MORE === second.values[place]! * FEW &&
    !values.includes(-1);
  if (!isSize) return undefined;
  values[place] = -1;
  return { ...first, values };
}

function refuse(operation: RecordedOperation | undefined): never {
  throw new ToolkitError('STEP_NOT_TRACEABLE', {
    operation: operation?.name ?? 'nothing',
    reason: 'depends on the number of images in a way that an export cannot express',
  });
}
