import { createCipheriv } from 'node:crypto';

import { engine, stack, tensor1d, tidy, type Scalar, type Tensor1D } from '@tensorflow/tfjs-core';

import { ExtraKernel } from '../../tensorflow/backend/extra-kernels.js';
import { hasKernel } from './gradients.js';

/** The bytes of a key. */
export const KEY_BYTES = 16;

/** A key as numbers that float32, in which steps take their numbers, represents exactly: eight integers of 16 bits. */
export function keyPieces(key: Uint8Array): number[] {
  return Array.from({ length: KEY_BYTES / 2 }, (_, piece) => key[2 * piece]! + 256 * key[2 * piece + 1]!);
}

/**
 * Standard normal samples. They depend only on the key, so that a compiled step draws the same ones; TensorFlow and the other backends
 * draw different ones.
 *
 * @param key eight integers of 16 bits
 */
export function statelessNormal(count: number, key: readonly Scalar[]): Tensor1D {
  if (!hasKernel(ExtraKernel.STATELESS_NORMAL)) return normalFromJavaScript(count, key);
  return tidy(() =>
    engine().runKernel<Tensor1D>(ExtraKernel.STATELESS_NORMAL, { key: stack([...key]) }, { count }),
  );
}

/** For backends without compiled steps, where the key can be read: AES in counter mode, and Box and Muller's transform. */
function normalFromJavaScript(count: number, key: readonly Scalar[]): Tensor1D {
  const bytes = Uint16Array.from(key, (piece) => piece.dataSync()[0]!);
  const cipher = createCipheriv('aes-128-ctr', new Uint8Array(bytes.buffer), new Uint8Array(16));
  const pairs = Math.ceil(count / 2);
  const bits = new DataView(cipher.update(new Uint8Array(16 * pairs)).buffer);
  const samples = new Float32Array(2 * pairs);
  for (let pair = 0; pair < pairs; pair++) {
    // From 2⁻⁵³ to 1: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(uniform(bits, 16 * pair) + 2 ** -53));
    const angle = 2 * Math.PI * uniform(bits, 16 * pair + 8);
    samples[2 * pair] = radius * Math.cos(angle);
    samples[2 * pair + 1] = radius * Math.sin(angle);
  }
  return tensor1d(samples.subarray(0, count));
}

/** A number from 0 up to but not including 1, of 53 bits. */
function uniform(bits: DataView, offset: number): number {
  return ((bits.getUint32(offset) >>> 5) * 2 ** 26 + (bits.getUint32(offset + 4) >>> 6)) / 2 ** 53;
}
