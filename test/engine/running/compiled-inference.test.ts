import { add, memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { inferenceProgram } from '../../../src/engine/running/prepare.js';
import type { Forward } from '../../../src/engine/running/program.js';
import { mnistImages, relativeDifference, smallNet, startTensorFlow } from '../../support/training.js';

const { signal } = new AbortController();
let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

it('compiled inference gives the logits of eager inference, row by row, in any order', async () => {
  const { model, variables } = smallNet('sgd');
  const forward: Forward = (input) => model.apply(input, variables.values());
  const compiled = inferenceProgram(forward, images, 10);
  const eager = inferenceProgram(forward, images, 10, 'eager');
  const indices = Int32Array.from({ length: 2_345 }, (_, index) => (index * 7_919) % 60_000);
  const logits = await compiled.run(indices, signal);
  expect(relativeDifference(logits, await eager.run(indices, signal))).toBeLessThan(1e-6);
  const [last] = indices.slice(-1);
  expect(
    relativeDifference(await compiled.run(Int32Array.of(last!), signal), logits.slice(-10)),
  ).toBeLessThan(1e-6);
  compiled.dispose();
  eager.dispose();
  variables.dispose();
});

it('it follows the variables when they change', async () => {
  const { model, variables } = smallNet('sgd');
  const program = inferenceProgram((input) => model.apply(input, variables.values()), images, 10);
  const indices = Int32Array.of(1, 2, 3);
  const before = await program.run(indices, signal);
  const bias = variables.parameters.at(-1)!.value;
  bias.assign(add(bias, 1));
  const after = await program.run(indices, signal);
  expect(
    relativeDifference(
      after,
      before.map((logit) => logit + 1),
    ),
  ).toBeLessThan(1e-6);
  program.dispose();
  variables.dispose();
});

it('it throws the reason of an abort', async () => {
  const { model, variables } = smallNet('sgd');
  const program = inferenceProgram((input) => model.apply(input, variables.values()), images, 10);
  await expect(program.run(Int32Array.of(1), AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  );
  program.dispose();
  variables.dispose();
});

it('it leaves no tensors behind', async () => {
  const { model, variables } = smallNet('sgd');
  const tensors = memory().numTensors;
  const program = inferenceProgram((input) => model.apply(input, variables.values()), images, 10);
  for (let time = 0; time < 3; time++) await program.run(Int32Array.of(1, 2, 3), signal);
  program.dispose();
  expect(memory().numTensors).toBe(tensors);
  variables.dispose();
});
