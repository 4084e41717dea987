import {
  engine,
  logSoftmax,
  mul,
  neg,
  oneHot,
  scalar,
  sum,
  tidy,
  type NamedAttrMap,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';

import { DataType } from '../tensorflow/data-types.js';
import { ExtraKernel } from '../tensorflow/extra-kernels.js';
import { attribute } from '../tensorflow/graph-builder.js';
import { recording, tensorFlowBackend } from '../tensorflow/tfjs-backend.js';
import { hasKernel } from './gradients.js';

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
