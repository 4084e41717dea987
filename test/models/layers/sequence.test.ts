import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

import { dense } from '../../../src/models/layers/dense.js';
import { flatten } from '../../../src/models/layers/flatten.js';
import { sequence } from '../../../src/models/layers/sequence.js';
import { startOnCpu } from '../../support/backends.js';

beforeAll(() => startOnCpu('tensorflow'));

it('layers that are given no value say which parameter lacks one', () => {
  const layer = dense({ name: 'first', inputs: 2, units: 1, initializer: 'he-normal' });
  expect(() => tidy(() => layer.apply(tensor2d([[1, 2]]), new Map()))).toThrow('first/kernel');
});

it('a sequence has the parameters of its layers, in order', () => {
  const options = { inputs: 6, units: 6, initializer: 'he-normal' } as const;
  const layers = [flatten([1, 2, 3]), dense({ name: 'a', ...options }), dense({ name: 'b', ...options })];
  expect(layers.map(({ outputShape }) => outputShape)).toEqual([[6], [6], [6]]);
  const names = sequence('x', layers).parameters.map(({ name }) => name);
  expect(names).toEqual(['a/kernel', 'a/bias', 'b/kernel', 'b/bias']);
});
