import {
  add,
  cast,
  engine,
  gather,
  logSoftmax,
  mul,
  neg,
  oneHot,
  reshape,
  scalar,
  stack,
  sum,
  tensor,
  tensor1d,
  tensor2d,
  tidy,
  type NamedAttrMap,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  type Variable,
} from '@tensorflow/tfjs-core';

import { Random } from '../core/random.js';
import { DataType } from '../tensorflow/data-types.js';
import { ExtraKernel } from '../tensorflow/extra-kernels.js';
import { attribute } from '../tensorflow/graph-builder.js';
import { recording, tensorFlowBackend } from '../tensorflow/tfjs-backend.js';
import { hasKernel } from './gradients.js';
import { elementCount } from './images.js';

/**
 * The cross-entropy of each example, in nats: −log softmax(logits)[label].
 *
 * @param logits [n, classes]
 * @param labels int32 [n]
 * @returns [n]
 */
export function sparseCrossEntropy(logits: Tensor2D, labels: Tensor1D): Tensor1D {
  if (hasKernel(ExtraKernel.SPARSE_CROSS_ENTROPY)) {
    const [losses] = engine().runKernel<Tensor[]>(ExtraKernel.SPARSE_CROSS_ENTROPY, { logits, labels });
    return losses as Tensor1D;
  }
  const chosen = mul(oneHot(labels, logits.shape[1]), logSoftmax(logits));
  return neg(sum(chosen, 1));
}

/** Puts bytes on the device as they are. Only for backends that have the kernel. */
export function uploadBytes(bytes: Uint8Array, shape: number[]): Tensor {
  // Attributes are typed as plain values, but reach the kernel untouched.
  const attributes = { bytes, shape } as unknown as NamedAttrMap;
  return engine().runKernel<Tensor>(ExtraKernel.UPLOAD_BYTES, {}, attributes);
}

/** The rows of uploaded bytes at some indices, as float32. Only for backends that have the kernel. */
export function gatherBytes(bytes: Tensor, indices: Tensor1D): Tensor {
  return engine().runKernel<Tensor>(ExtraKernel.GATHER_BYTES, { bytes, indices });
}

/** Each image's pixels at its own indices: of [n, pixels, channels] at int32 [n, k], [n, k, channels]. */
export function gatherPixels(pixels: Tensor, indices: Tensor): Tensor {
  return tidy(() => {
    if (!hasKernel(ExtraKernel.GATHER_PIXELS)) return gatherFromRows(pixels, indices);
    const inputs = { pixels, indices, axis: scalar(1, 'int32') };
    return engine().runKernel<Tensor>(ExtraKernel.GATHER_PIXELS, inputs);
  });
}

/** The same by one gathering over all images: tfjs's for batches gives wrong values on `wasm` (4.22). */
function gatherFromRows(pixels: Tensor, indices: Tensor): Tensor {
  const [count, size, channels] = pixels.shape as [number, number, number];
  const starts = Int32Array.from({ length: count }, (_, row) => row * size);
  const places = add(indices, tensor2d(starts, [count, 1], 'int32'));
  return gather(reshape(pixels, [count * size, channels]), places as Tensor1D);
}

/**
 * Images whose pixels come from elsewhere in them, in one kernel; undefined where the backend has none for it.
 *
 * @param images [n, height, width, channels]
 * @param transforms [n, 8], as `ExtraKernel.TRANSFORM_IMAGES` says
 * @param outside the value around the images
 */
export function transformImages(images: Tensor4D, transforms: Tensor, outside: number): Tensor4D | undefined {
  // tfjs's image.transform is not used on other backends: on `cpu`, it transforms the first image of a batch only (4.22).
  if (!hasKernel(ExtraKernel.TRANSFORM_IMAGES)) return undefined;
  return tidy(() => {
    const [, height, width] = images.shape;
    const inputs = {
      ...{ images, transforms },
      shape: tensor1d([height, width], 'int32'),
      fill: scalar(outside, 'float32'),
    };
    return engine().runKernel<Tensor4D>(ExtraKernel.TRANSFORM_IMAGES, inputs);
  });
}

/**
 * Numbers uniformly distributed from 0 up to but not including 1. They depend on the key and the step alone, so that a step
 * that is repeated, resumed or compiled draws the same ones; each kind of backend has its own.
 *
 * @param key an integer of 32 bits
 * @param step a whole number, float32
 */
export function statelessUniform(shape: readonly number[], key: number, step: Scalar): Tensor {
  if (!hasKernel(ExtraKernel.STATELESS_UNIFORM)) return uniformFromJavaScript(shape, key, step);
  return tidy(() => {
    const seed = stack([scalar(key, 'int32'), cast(step, 'int32')]);
    const inputs = { shape: tensor1d([...shape], 'int32'), seed };
    return engine().runKernel<Tensor>(ExtraKernel.STATELESS_UNIFORM, inputs);
  });
}

/** For backends that compute in this process, and are never compiled: the step's number can be read. */
function uniformFromJavaScript(shape: readonly number[], key: number, step: Scalar): Tensor {
  const random = new Random(key, 'step', step.dataSync()[0]);
  const values = new Float32Array(elementCount(shape));
  // 24 bits are what a float32 below 1 has; more would round up to 1.
  for (let index = 0; index < values.length; index++) values[index] = (random.bits() >>> 8) / 2 ** 24;
  return tensor(values, [...shape]);
}

/** Whether operations that change variables in place can be used: in a step that is being recorded, to be compiled. */
export function canUpdateInPlace(): boolean {
  return recording() !== undefined;
}

/**
 * Records an operation of TensorFlow's that changes variables in place. What the step reads of them afterwards is still their
 * value from before.
 *
 * @param operation one that is named Resource… and is of one type, float32
 * @param variables its first inputs, all of which it changes
 * @param inputs what it takes after them
 */
export function updateInPlace(
  operation: string,
  variables: readonly Variable[],
  inputs: readonly (Tensor | number)[],
): void {
  const backend = tensorFlowBackend();
  const recorder = recording();
  if (!backend || !recorder) throw new Error(`${operation} is for steps that are being recorded`);
  tidy(() => {
    const values = inputs.map((input) => (typeof input === 'number' ? scalar(input, 'float32') : input));
    const ids = backend.getInputTensorIds([...variables, ...values]);
    recorder.recordUpdate(operation, [attribute.type('T', DataType.FLOAT)], ids, variables.length);
  });
}
