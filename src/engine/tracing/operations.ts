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
 * The cross-entropy of each example with label smoothing, in nats: of K classes, the target is 1 − ε + ε/K for the label and ε/K for
 * the others (Szegedy et al., “Rethinking the Inception architecture for computer vision”, 2016; PyTorch's `label_smoothing`).
 *
 * @param logits [n, classes]
 * @param labels int32 [n]
 * @param smoothing ε, from 0 to 1
 * @returns [n]
 */
export function smoothedCrossEntropy(logits: Tensor2D, labels: Tensor1D, smoothing: number): Tensor1D {
  if (smoothing === 0) return sparseCrossEntropy(logits, labels);
  const classes = logits.shape[1];
  const rest = smoothing / classes;
  const targets = hasKernel(ExtraKernel.CROSS_ENTROPY)
    ? oneHot(labels, classes, 1 - smoothing + rest, rest, 'float32')
    : // `oneHot` of other backends supports only ones and zeros.
      add(mul(oneHot(labels, classes), 1 - smoothing), rest);
  return crossEntropy(logits, targets as Tensor2D);
}

/**
 * The cross-entropy of each example with the probabilities that it should have, in nats.
 *
 * @param logits [n, classes]
 * @param targets [n, classes]; each row adds up to 1
 * @returns [n]
 */
export function crossEntropy(logits: Tensor2D, targets: Tensor2D): Tensor1D {
  if (hasKernel(ExtraKernel.CROSS_ENTROPY)) {
    const [losses] = engine().runKernel<Tensor[]>(ExtraKernel.CROSS_ENTROPY, { logits, targets });
    return losses as Tensor1D;
  }
  return neg(sum(mul(targets, logSoftmax(logits)), 1));
}

/** The L2 norm of several tensors, concatenated to one vector. */
export function globalNorm(tensors: readonly Tensor[]): Scalar {
  if (!hasKernel(ExtraKernel.HALF_SQUARES)) {
    return sqrt(sum<Scalar>(stack(tensors.map((one) => sum(square(one))))));
  }
  const halves = tensors.map((x) => engine().runKernel<Tensor>(ExtraKernel.HALF_SQUARES, { x }));
  return sqrt(mul(sum<Scalar>(stack(halves)), 2));
}

/** Uploads bytes to the device as a uint8 tensor. Only for backends with the kernel. */
export function uploadBytes(bytes: Uint8Array, shape: number[]): Tensor {
  // The type allows only plain values, but tfjs passes attributes to the kernel unchanged.
  const attributes = { bytes, shape } as unknown as NamedAttrMap;
  return engine().runKernel<Tensor>(ExtraKernel.UPLOAD_BYTES, {}, attributes);
}

/** Gathers rows of uploaded bytes: [n, size] and int32 [k] to float32 [k, size]. Only for backends with the kernel. */
export function gatherBytes(bytes: Tensor, indices: Tensor1D): Tensor {
  return engine().runKernel<Tensor>(ExtraKernel.GATHER_BYTES, { bytes, indices });
}

/** Gathers each image's pixels at its own indices: [n, pixels, channels] and int32 [n, k] to [n, k, channels]. */
export function gatherPixels(pixels: Tensor, indices: Tensor): Tensor {
  return tidy(() => {
    if (!hasKernel(ExtraKernel.GATHER_PIXELS)) return gatherFromRows(pixels, indices);
    const inputs = { pixels, indices, axis: scalar(1, 'int32') };
    return engine().runKernel<Tensor>(ExtraKernel.GATHER_PIXELS, inputs);
  });
}

/** The same as a single gather over all images: tfjs's batched gather gives wrong values on `wasm` (4.22). */
function gatherFromRows(pixels: Tensor, indices: Tensor): Tensor {
  const [count, size, channels] = pixels.shape as [number, number, number];
  const starts = Int32Array.from({ length: count }, (_, row) => row * size);
  const places = add(indices, tensor2d(starts, [count, 1], 'int32'));
  return gather(reshape(pixels, [count * size, channels]), places as Tensor1D);
}

/**
 * Applies a projective transform to each image, with bilinear interpolation; undefined if the backend lacks the kernel.
 *
 * @param images [n, height, width, channels]
 * @param transforms [n, 8], see `ExtraKernel.TRANSFORM_IMAGES`
 * @param outside the fill value outside the images
 */
export function transformImages(images: Tensor4D, transforms: Tensor, outside: number): Tensor4D | undefined {
  // Other backends do not use tfjs's image.transform: on `cpu` it transforms only the first image of a batch (4.22).
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
 * Uniform samples from [0, 1). They depend only on the key and the step, so that a repeated, resumed or compiled step draws the same
 * ones; TensorFlow and the other backends draw different ones.
 *
 * @param key an int32
 * @param step an integer, float32
 */
export function statelessUniform(shape: readonly number[], key: number, step: Scalar): Tensor {
  if (!hasKernel(ExtraKernel.STATELESS_UNIFORM)) return uniformFromJavaScript(shape, key, step);
  return tidy(() => {
    const seed = stack([scalar(key, 'int32'), cast(step, 'int32')]);
    const inputs = { shape: tensor1d([...shape], 'int32'), seed };
    return engine().runKernel<Tensor>(ExtraKernel.STATELESS_UNIFORM, inputs);
  });
}

/** For backends without compiled steps, where the step can be read. */
function uniformFromJavaScript(shape: readonly number[], key: number, step: Scalar): Tensor {
  const random = new Random(key, 'step', step.dataSync()[0]);
  const values = new Float32Array(elementCount(shape));
  // 24 bits, the precision of a float32: more could round up to 1.
  for (let index = 0; index < values.length; index++) values[index] = (random.bits() >>> 8) / 2 ** 24;
  return tensor(values, [...shape]);
}

/** The input gradient of y = tanh(x): dy · (1 − y²). */
export function tanhGradient(dy: Tensor, y: Tensor): Tensor {
  if (hasKernel(ExtraKernel.TANH_GRADIENT)) return engine().runKernel(ExtraKernel.TANH_GRADIENT, { dy, y });
  return mul(dy, sub(1, square(y)));
}

/** The input gradient of y = sigmoid(x): dy · y · (1 − y). */
export function sigmoidGradient(dy: Tensor, y: Tensor): Tensor {
  if (hasKernel(ExtraKernel.SIGMOID_GRADIENT)) {
    return engine().runKernel(ExtraKernel.SIGMOID_GRADIENT, { dy, y });
  }
  return mul(dy, mul(y, sub(1, y)));
}

/** Whether operations can update variables in place: only while a step is recorded for compilation. */
export function canUpdateInPlace(): boolean {
  return recording() !== undefined;
}

/**
 * Records a TensorFlow operation that updates variables in place. In the rest of the step, the variables keep their old values;
 * `latestValue` returns the new one.
 *
 * @param operation a Resource… operation on float32
 * @param variables its leading inputs, all of which it updates
 * @param inputs its other inputs
 * @param flags the names of boolean attributes to set
 */
export function updateInPlace(
  operation: string,
  variables: readonly Variable[],
  inputs: readonly (Tensor | number)[],
  flags: readonly string[] = [],
): void {
  const backend = tensorFlowBackend();
  const recorder = recording();
  if (!backend || !recorder) throw new Error(`${operation} can only be used while a step is recorded`);
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

/** A variable's value after the updates so far, including in-place updates of a recorded step. */
export function latestValue(variable: Variable): Tensor {
  const backend = tensorFlowBackend();
  const recorder = recording();
  if (!backend || !recorder) return variable;
  const [id = -1] = backend.getInputTensorIds([variable]);
  if (!recorder.isUpdated(id)) return variable;
  return backend.createOutputTensor(recorder.recordLatestValue(id));
}
