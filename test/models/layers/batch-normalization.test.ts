import { readFile } from 'node:fs/promises';

import { grads, mul, sum, tensor, tensor1d, tensor4d, tidy, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { backends } from '../../../src/engine/backends/index.js';
import { batchNormalization } from '../../../src/models/layers/batch-normalization.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';
import { trainingPass } from '../../support/training-pass.js';

const numbers = z.array(z.number());
const sizes = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** Made with PyTorch by bench/fixtures/make_batch_norm_fixture.py. */
const fixtureSchema = z.object({
  shape: sizes,
  epsilon: z.number(),
  momentum: z.number(),
  scale: numbers,
  offset: numbers,
  steps: z.array(
    z.object({
      images: numbers,
      upstream: numbers,
      output: numbers,
      gradients: z.object({ images: numbers, scale: numbers, offset: numbers }),
      mean: numbers,
      variance: numbers,
    }),
  ),
  inference: z.object({ images: numbers, output: numbers }),
});

const file = new URL('../../fixtures/batch-normalization.json', import.meta.url);
const fixture = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));
const { shape, epsilon, momentum, steps, inference } = fixture;
const [, height, width, channels] = shape;
const layer = batchNormalization({ name: 'norm', shape: [height, width, channels], momentum, epsilon });

/** The layer's parameters as PyTorch's were, with moving statistics of some step. */
function valuesAfter(step: number): Map<string, Tensor> {
  const { mean = [0, 0, 0], variance = [1, 1, 1] } = steps[step - 1] ?? {};
  return new Map([
    ['norm/scale', tensor1d(fixture.scale)],
    ['norm/offset', tensor1d(fixture.offset)],
    ['norm/moving-mean', tensor1d(mean)],
    ['norm/moving-variance', tensor1d(variance)],
  ]);
}

describe.each(backends.names)('batch normalisation on %s', (backend) => {
  it.each([0, 1])('gives the outputs, gradients and moving statistics of PyTorch: step %i', async (index) => {
    await startOnCpu(backend);
    const { images, upstream, output, gradients, mean, variance } = steps[index]!;
    tidy(() => {
      const { pass, updates } = trainingPass(1, index + 1);
      const values = valuesAfter(index);
      const run = (x: Tensor, scale: Tensor, offset: Tensor): Tensor => {
        const given = new Map([...values, ['norm/scale', scale], ['norm/offset', offset]] as [
          string,
          Tensor,
        ][]);
        return sum(mul(layer.apply(x, given, pass), tensor4d(upstream, shape)));
      };
      const actual = layer.apply(tensor4d(images, shape), values, pass);
      expectClose(actual.dataSync(), output, 2e-5);
      const inputs = [tensor4d(images, shape), values.get('norm/scale')!, values.get('norm/offset')!];
      const [ofImages, ofScale, ofOffset] = grads(run)(inputs);
      expectClose(ofImages!.dataSync(), gradients.images, 2e-5, 2e-4);
      expectClose(ofScale!.dataSync(), gradients.scale, 2e-5, 1e-5);
      expectClose(ofOffset!.dataSync(), gradients.offset, 2e-5, 1e-5);
      expectClose(updates.get('norm/moving-mean')!.dataSync(), mean, 1e-5);
      expectClose(updates.get('norm/moving-variance')!.dataSync(), variance, 1e-5);
    });
  });

  it('uses the moving statistics in inference, as PyTorch', async () => {
    await startOnCpu(backend);
    tidy(() => {
      const output = layer.apply(tensor4d(inference.images, shape), valuesAfter(steps.length));
      expectClose(output.dataSync(), inference.output, 1e-5);
    });
  });

  it('treats rows of numbers like images of one pixel', async () => {
    await startOnCpu(backend);
    tidy(() => {
      const rows = batchNormalization({ name: 'norm', shape: [channels], momentum, epsilon });
      const { pass } = trainingPass(1, 1);
      const { images, output } = steps[0]!;
      const flat = rows.apply(tensor(images, [images.length / channels, channels]), valuesAfter(0), pass);
      expectClose(flat.dataSync(), output, 2e-5);
    });
  });
});

it('is learnt but for its statistics, and starts as if it were not there', () => {
  const start = layer.parameters.map(({ name, isFixed, initialValue }) => [
    name,
    isFixed,
    ...initialValue({} as never),
  ]);
  expect(start).toEqual([
    ['norm/scale', false, 1, 1, 1],
    ['norm/offset', false, 0, 0, 0],
    ['norm/moving-mean', true, 0, 0, 0],
    ['norm/moving-variance', true, 1, 1, 1],
  ]);
});
