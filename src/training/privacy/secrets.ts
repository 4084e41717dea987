import type { Scalar } from '@tensorflow/tfjs-core';

import type { Coefficients } from '../../engine/running/program.js';
import { KEY_BYTES, keyPieces } from '../../engine/tracing/normal-noise.js';
import type { FillRandomly } from './secret-random.js';

const PIECES = Array.from({ length: KEY_BYTES / 2 }, (_, piece) => `key${piece}`);

/**
 * What a private step is given beside its images: how many of them count, the first, and a key for its noise, which is drawn here and
 * kept nowhere.
 */
export function secretsOf(count: number, fill: FillRandomly): Coefficients<number> {
  const key = new Uint8Array(KEY_BYTES);
  fill(key);
  const pieces = keyPieces(key);
  return { count, ...Object.fromEntries(PIECES.map((name, index) => [name, pieces[index]!])) };
}

/** The number of images that count. */
export function countIn(coefficients: Coefficients<Scalar>): Scalar {
  return required(coefficients, 'count');
}

/** The key of the noise, in pieces. */
export function keyIn(coefficients: Coefficients<Scalar>): Scalar[] {
  return PIECES.map((name) => required(coefficients, name));
}

function required(coefficients: Coefficients<Scalar>, name: string): Scalar {
  const value = coefficients[name];
  if (!value) throw new Error('a private step needs the coefficients of PrivateEpochs');
  return value;
}
