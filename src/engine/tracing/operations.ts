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
  sqrt,
  square,
  stack,
  sub,
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

import { Random } from '../../core/random.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';
import { attribute } from '../../tensorflow/c-api/graph-builder.js';
import { recording, tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { hasKernel } from './gradients.js';
import { elementCount } from '../../core/images.js';

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

/**
 * The cross-entropy of each example with a target that is not quite sure of its label: 1 − ε + ε/K for the label among K classes, and
 * ε/K for each other one (Szegedy et al., “Rethinking the Inception architecture for computer vision”, 2016; PyTorch's
 * `label_smoothing`).
 *
 * @param smoothing ε, from 0 to 1
 */
export function smoothedCrossEntropy(logits: Tensor2D, labels: Tensor1D, smoothing: number): Tensor1D {
  if (smoothing === 0) return sparseCrossEntropy(logits, labels);
  const classes = logits.shape[1];
  const rest = smoothing / classes;
  if (hasKernel(ExtraKernel.CROSS_ENTROPY)) {
    const targets = oneHot(labels, classes, 1 - smoothing + rest, rest, 'float32');
    const [losses] = engine().runKernel<Tensor[]>(ExtraKernel.CROSS_ENTROPY, { logits, targets });
    return losses as Tensor1D;
  }
  // Other backends know ones and zeros alone.
  const targets = add(mul(oneHot(labels, classes), 1 - smoothing), rest);
  return neg(sum(mul(targets, logSoftmax(logits)), 1));
}

/** The Euclidean norm of several tensors taken as one vector. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  if (!hasKernel(ExtraKernel.HALF_SQUARES)) {
    return sqrt(sum<Scalar>(stack(tensors.map((one) => sum(square(one))))));
  }
  const halves = tensors.map((x) => engine().runKernel<Tensor>(ExtraKernel.HALF_SQUARES, { x }));
  return sqrt(mul(sum<Scalar>(stack(halves)), 2));
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

/** The gradient of what a hyperbolic tangent was taken of: dy · (1 − y²). */
export function tanhGradient(dy: Tensor, y: Tensor): Tensor {
  if (hasKernel(ExtraKernel.TANH_GRADIENT)) return engine().runKernel(ExtraKernel.TANH_GRADIENT, { dy, y });
  return mul(dy, sub(1, square(y)));
}

/** The gradient of what a sigmoid was taken of: dy · y · (1 − y). */
export function sigmoidGradient(dy: Tensor, y: Tensor): Tensor {
  if (hasKernel(ExtraKernel.SIGMOID_GRADIENT)) {
    return engine().runKernel(ExtraKernel.SIGMOID_GRADIENT, { dy, y });
  }
  return mul(dy, mul(y, sub(1, y)));
}

/** Whether operations that change variables in place can be used: in a step that is being recorded, to be compiled. */
export function canUpdateInPlace(): boolean {
  return recording() !== undefined;
}

/**
 * Records an operation of TensorFlow's that changes variables in place. What the step reads of them afterwards is still their
 * value from before; `latestValue` gives the new one.
 *
 * @param operation one that is named Resource… and is of one type, float32
 * @param variables its first inputs, all of which it changes
 * @param inputs what it takes after them
 * @param flags names of the attributes that are true
 */
export function updateInPlace(
  operation: string,
  variables: readonly Variable[],
  inputs: readonly (Tensor | number)[],
  flags: readonly string[] = [],
): void {
  const backend = tensorFlowBackend();
  const recorder = recording();
  if (!backend || !recorder) throw new Error(`${operation} is for steps that are being recorded`);
  tidy(() => {
    const values = inputs.map((input) => (typeof input === 'number' ? scalar(input, 'float32') : input));
    const ids = backend.getInputTensorIds([...variables, ...values]);
    const attributes = [
      attribute.type('T', DataType.FLOAT),
      ...flags.map((flag) => attribute.boolean(flag, true)),
    ];
    recorder.recordUpdate(operation, attributes, ids, variables.length);
  });
}

/** A variable's value after the updates so far: where they change it in place, in a step that is being recorded, too. */
export function latestValue(variable: Variable): Tensor {
  const backend = tensorFlowBackend();
  const recorder = recording();
  if (!backend || !recorder) return variable;
  const [id = -1] = backend.getInputTensorIds([variable]);
  if (!recorder.isUpdated(id)) return variable;
  return backend.createOutputTensor(recorder.recordLatestValue(id));
}
