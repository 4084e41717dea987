import { tensor1d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, it } from 'vitest';

import { activationNames, activations, type ActivationName } from '../../src/models/activations.js';
import { startOnCpu } from '../support/backends.js';
import { expectClose } from '../support/numbers.js';

beforeAll(() => startOnCpu('tensorflow'));

const definitions: Record<ActivationName, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  tanh: (x) => Math.tanh(x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => x * normalDistribution(x),
};

/** Φ(x), by Simpson's rule on the density. */
function normalDistribution(x: number): number {
  const [low, steps] = [-40, 100_000];
  const width = (x - low) / steps;
  let sum = 0;
  for (let step = 0; step <= steps; step++) {
    const weight = step === 0 || step === steps ? 1 : step % 2 === 0 ? 2 : 4;
    sum += weight * Math.exp(-((low + step * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}

for (const name of activationNames) {
  it(`${name} is what its definition says`, () => {
    const inputs = [-30, -2, -0.5, 0, 0.25, 3, 30];
    tidy(() => {
      expectClose(activations[name](tensor1d(inputs)).dataSync(), inputs.map(definitions[name]), 1e-6, 1e-7);
    });
  });
}
