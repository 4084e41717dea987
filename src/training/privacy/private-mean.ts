import { scalar, tidy } from '@tensorflow/tfjs-core';

import { KEY_BYTES, keyPieces, statelessNormal } from '../../engine/tracing/normal-noise.js';
import type { PrivacyEvent } from './accounting/index.js';
import { secretRandom, type FillRandomly } from './secret-random.js';

/** How a mean is protected. */
export interface MeanProtection {
  /** The largest norm of a row; longer ones are shortened to it. */
  largestNorm: number;
  /** The standard deviation of the noise in each number of the sum, as a multiple of `largestNorm`. */
  noiseMultiplier: number;
}

/** What a private mean spends: one step on all images. */
export function meanEvent(noiseMultiplier: number): PrivacyEvent {
  return { sampleRate: 1, noiseMultiplier, steps: 1 };
}

/** The mean of rows with differential privacy (Gaussian mechanism): their sum, and noise, divided by their number, which is no secret. */
export class PrivateMean {
  readonly #sums: Float64Array;
  readonly #protection: MeanProtection;
  #count = 0;

  /** @param size the numbers of a row */
  constructor(size: number, protection: MeanProtection) {
    this.#sums = new Float64Array(size);
    this.#protection = protection;
  }

  /** Adds a row; one that holds anything but finite numbers counts as zeros. */
  add(row: Float32Array): void {
    this.#count++;
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(norm)) return;
    const factor = Math.min(1, this.#protection.largestNorm / norm);
    // A row of zeros, by which nothing can be divided, adds nothing.
    if (norm > 0) row.forEach((value, at) => (this.#sums[at]! += factor * value));
  }

  /** The mean of the rows so far. Each call spends anew. */
  estimate(fill: FillRandomly = secretRandom): Float32Array {
    const { largestNorm, noiseMultiplier } = this.#protection;
    const noise = normal(this.#sums.length, fill);
    const deviation = noiseMultiplier * largestNorm;
    return Float32Array.from(this.#sums, (sum, at) => (sum + deviation * noise[at]!) / this.#count);
  }
}

/** Normal noise, whose key is kept nowhere. */
function normal(count: number, fill: FillRandomly): Float32Array {
  const key = new Uint8Array(KEY_BYTES);
  fill(key);
  return tidy(() => {
    const pieces = keyPieces(key).map((piece) => scalar(piece, 'float32'));
    return statelessNormal(count, pieces).dataSync<'float32'>();
  });
}
