import { readFile } from 'node:fs/promises';

import { grad, tensor1d, tensor2d, tidy, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { backends } from '../../../src/engine/backends/index.js';
import { balancedWeights } from '../../../src/training/class-weights.js';
import { losses } from '../../../src/training/losses/index.js';
import { batchLoss, type BatchLoss } from '../../../src/training/losses/loss.js';
import { startOnCpu } from '../../support/backends.js';
import { expectClose } from '../../support/numbers.js';

/** Made with numpy and scikit-learn by bench/fixtures/make_loss_fixture.py. */
const fixtureSchema = z.object({
  logits: z.array(z.array(z.number())),
  labels: z.array(z.number()),
  runs: z.array(
    z.object({
      loss: z.string(),
      options: z.record(z.string(), z.number()),
      weights: z.array(z.number()).nullable(),
      value: z.number(),
      gradient: z.array(z.number()),
    }),
  ),
  balanced: z.array(
    z.object({
      counts: z.array(z.number()),
      present: z.array(z.number()),
      weights: z.array(z.number()),
    }),
  ),
});

const file = new URL('../../fixtures/losses.json', import.meta.url);
const fixture = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));

it('the fixture covers every loss', () => {
  expect(new Set(fixture.runs.map(({ loss }) => loss))).toEqual(new Set(losses.names));
});

/** The loss of a run of the fixture. */
function lossOf(
  name: string,
  options: Record<string, number>,
  weights: readonly number[] | undefined,
): BatchLoss {
  const definition = losses.require(name);
  return batchLoss(definition.build(definition.options.parse(options) as never, weights), weights);
}

/** A loss and its gradient by the logits. */
function valueAndGradient(loss: BatchLoss, logits: number[][], labels: number[]): [number, Float32Array] {
  return tidy(() => {
    const truth = tensor1d(labels, 'int32');
    const given = tensor2d(logits);
    const slope = grad((values: Tensor) => loss(values as Tensor2D, truth))(given);
    return [loss(given, truth).dataSync<'float32'>()[0]!, slope.dataSync<'float32'>()];
  });
}

describe.each(backends.names)('on %s, as the formulas', (backend) => {
  beforeAll(() => startOnCpu(backend));

  it.each(fixture.runs)('$loss $options $weights', ({ loss: name, options, weights, value, gradient }) => {
    const loss = lossOf(name, options, weights ?? undefined);
    const [found, slope] = valueAndGradient(loss, fixture.logits, fixture.labels);
    expectClose([found], [value], 2e-6);
    expectClose(slope, gradient, 1e-5, 1e-6);
  });

  it('the gradient of focal loss is finite for an example that is certain, right or wrong', () => {
    const loss = lossOf('focal', { focalGamma: 0.5 }, undefined);
    const [right, flat] = valueAndGradient(loss, [[200, 0]], [0]);
    expect([right, ...flat].map(Math.abs)).toEqual([0, 0, 0]);
    const [wrong, steep] = valueAndGradient(loss, [[200, 0]], [1]);
    expectClose([wrong, ...steep], [200, 1, -1], 1e-6);
  });
});

it.each(fixture.balanced)(
  'balanced weights of $counts are scikit-learn’s',
  ({ counts, present, weights }) => {
    const found = balancedWeights(counts);
    expectClose(
      present.map((label) => found[label]!),
      weights,
      1e-12,
    );
  },
);
