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
};

for (const name of activationNames) {
  it(`${name} is what its definition says`, () => {
    const inputs = [-30, -2, -0.5, 0, 0.25, 3, 30];
    tidy(() => {
      expectClose(activations[name](tensor1d(inputs)).dataSync(), inputs.map(definitions[name]), 1e-6, 1e-7);
    });
  });
}
