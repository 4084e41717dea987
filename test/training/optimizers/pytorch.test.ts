import { readFile } from 'node:fs/promises';

import { tensor1d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { storeFloats } from '../../../src/artifacts/safetensors.js';
import { backends } from '../../../src/engine/backends/index.js';
import { optimizers } from '../../../src/training/optimizers/index.js';
import { stepCoefficients, trainingStep } from '../../../src/training/step.js';
import { TrainingVariables } from '../../../src/models/variables.js';
import { startOnCpu } from '../../support/backends.js';
import { scalarsOf } from '../../support/coefficients.js';
import { lossOf } from '../../support/losses.js';
import { expectClose } from '../../support/numbers.js';
import { smallNet } from '../../support/small-model.js';

const weights = z.record(z.string(), z.array(z.number()));

/** Made with PyTorch by bench/fixtures/make_optimizer_fixture.py. */
const fixtureSchema = z.object({
  sizes: z.tuple([z.number(), z.number(), z.number()]),
  start: weights,
  batches: z.array(z.object({ inputs: z.array(z.number()), labels: z.array(z.number()) })),
  runs: z.array(
    z.object({
      optimizer: z.string(),
      options: z.looseObject({ learningRate: z.number() }),
      settings: z.object({
        clipNorm: z.number().optional(),
        labelSmoothing: z.number().optional(),
        averageWeights: z.number().optional(),
        /** Of each step, where it is not the same. */
        momenta: z.array(z.number()).optional(),
      }),
      losses: z.array(z.number()),
      weights: z.array(weights),
      /** The averages of the weights after each step, where they are averaged. */
      averages: z.array(weights),
    }),
  ),
});

const file = new URL('../../fixtures/optimizers.json', import.meta.url);
const { sizes, start, batches, runs } = fixtureSchema.parse(JSON.parse(await readFile(file, 'utf8')));
const [inputs, hidden, classes] = sizes;

it('the fixture covers every optimiser', () => {
  expect(new Set(runs.map(({ optimizer }) => optimizer))).toEqual(new Set(optimizers.names));
});

describe.each(backends.names)('on %s, as PyTorch', (backend) => {
  it.each(runs)('$optimizer $options $settings', async (run) => {
    const { optimizer: name, options, settings, losses, weights: expected, averages } = run;
    await startOnCpu(backend);
    const definition = optimizers.get(name)!;
    const optimizer = definition.build(definition.options.parse(options) as never);
    const model = smallNet(inputs, [hidden], classes);
    const variables = new TrainingVariables(model, optimizer.slots, 0, settings.averageWeights !== undefined);
    const stored = model.parameters.map(({ name: parameter, shape }) => {
      const values = Float32Array.from(start[parameter]!);
      return [`parameters/${parameter}`, storeFloats(values, shape)] as const;
    });
    expect(variables.load(new Map(stored), 'parameters')).toBeUndefined();
    const step = trainingStep(model, optimizer, variables, {
      clipNorm: settings.clipNorm,
      loss: lossOf(settings),
    });

    batches.forEach((batch, index) => {
      const rows = batch.labels.length;
      tidy(() => {
        const images = tensor4d(batch.inputs, [rows, 1, inputs, 1]);
        const labels = tensor1d(batch.labels, 'int32');
        const coefficients = stepCoefficients(optimizer, index + 1, options.learningRate, {
          ...settings,
          momentum: settings.momenta?.[index],
        });
        const { loss, correct } = step({ images, labels }, scalarsOf(coefficients));
        expectClose(loss.dataSync(), [losses[index]!], 1e-6);
        correct.dispose();
      });
      for (const { spec, value, average } of variables.parameters) {
        expectClose(value.dataSync(), expected[index]![spec.name]!, 1e-6, 2e-7);
        if (average) expectClose(average.dataSync(), averages[index]![spec.name]!, 1e-6, 2e-7);
      }
    });
    variables.dispose();
  });
});
