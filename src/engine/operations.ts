import {
  engine,
  logSoftmax,
  mul,
  neg,
  oneHot,
  sum,
  type NamedAttrMap,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../tensorflow/extra-kernels.js';
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
