import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../src/engine/running/device-images.js';
import { eagerTraining } from '../../src/engine/running/eager.js';
import type { TrainingProgram, Coefficients } from '../../src/engine/running/program.js';
import type { CorePlan } from '../../src/engine/sharding/work.js';
import { cnnSmall } from '../../src/models/cnn-small.js';
import type { Model } from '../../src/models/model.js';
import { resnet } from '../../src/models/resnet.js';
import { momentum } from '../../src/training/optimizers/momentum.js';
import { trainingStep, stepCoefficients } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';
import {
  joined,
  mnistImages,
  relativeDifference,
  run,
  startTensorFlow,
  valuesOf,
  type TrainingParts,
} from '../support/training.js';

const TASK = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
/** Smooth, so that nearby weights stay nearby. */
const SMOOTH = { activation: 'tanh', denseDropout: 0.1 };

let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

const models: Record<string, () => Model> = {
  'cnn-small': () => cnnSmall.build(cnnSmall.options.parse({ filters: [4, 6, 4], ...SMOOTH }), TASK),
  resnet: () => resnet.build(resnet.options.parse({ filters: [4, 6], ...SMOOTH }), TASK),
};

function partsOf(model: Model): TrainingParts {
  const optimizer = momentum.build(momentum.options.parse({}));
  const variables = new TrainingVariables(model, optimizer.slots, 7);
  return { model, optimizer, variables, step: trainingStep(model, optimizer, variables) };
}

/** Trains on four batches, the last of 50 images; the step's number is what dropout draws by. */
function train(
  program: TrainingProgram,
  parts: TrainingParts,
  firstBatch = 0,
  images = 350,
): ReturnType<typeof run> {
  const coefficients = (batch: number): Coefficients<number> =>
    stepCoefficients(parts.optimizer, batch + 1, 0.01);
  return run(program, parts, images, { coefficients, firstBatch });
}

it.each([
  ['cnn-small', 1e-6, {}],
  ['resnet', 1e-6, {}],
  // Put together for each normalisation; nothing does it of itself, as it is slower. Sums over shards round otherwise.
  ['cnn-small', 1e-5, { shards: 2, schedulingThreads: 2 }],
  ['resnet', 1e-5, { shards: 4, schedulingThreads: 2 }],
])(
  'compiled training of %s equals eager training within %d: %o',
  async (name, allowed, plan: Partial<CorePlan>) => {
    const compiled = partsOf(models[name]!());
    const eager = partsOf(models[name]!());
    const program = new CompiledTraining(compiled.step, images, plan);
    const actual = joined((await train(program, compiled)).slices);
    const expected = joined((await train(eagerTraining(eager.step, images), eager)).slices);
    expect(relativeDifference(actual.losses, expected.losses)).toBeLessThan(allowed);
    expect(actual.correct).toEqual(expected.correct);
    const weights = await valuesOf(compiled.variables);
    for (const [variable, values] of await valuesOf(eager.variables)) {
      const difference = relativeDifference(weights.get(variable)!, values);
      expect(difference, variable).toBeLessThan(allowed);
    }
    program.dispose();
    compiled.variables.dispose();
    eager.variables.dispose();
  },
);

it('a run that is continued from a checkpoint ends with the same bits, and moving statistics are part of it', async () => {
  const whole = partsOf(models['resnet']!());
  const first = new CompiledTraining(whole.step, images);
  await train(first, whole, 0, 200);
  const checkpoint = await whole.variables.store();
  await train(first, whole, 2);
  first.dispose();

  const resumed = partsOf(models['resnet']!());
  const fresh = await valuesOf(resumed.variables);
  expect(resumed.variables.load(checkpoint, 'everything')).toBeUndefined();
  const moving = [...fresh].filter(([name]) => name.includes('moving'));
  // Two for each of the six normalisations.
  expect(moving).toHaveLength(12);
  const loaded = await valuesOf(resumed.variables);
  for (const [name, start] of moving) expect(loaded.get(name), name).not.toEqual(start);
  const before = memory().numTensors;
  const second = new CompiledTraining(resumed.step, images);
  await train(second, resumed, 2);
  second.dispose();
  expect(memory().numTensors).toBe(before);
  expect(await valuesOf(resumed.variables)).toEqual(await valuesOf(whole.variables));
  whole.variables.dispose();
  resumed.variables.dispose();
});

it('a step that normalises batches is not cut into shards', async () => {
  const parts = partsOf(models['cnn-small']!());
  const program = new CompiledTraining(parts.step, images);
  await train(program, parts, 0, 100);
  expect(program.execution).toMatchObject({ mode: 'compiled', shards: 1 });
  program.dispose();
  parts.variables.dispose();
});

it('images that are too small are refused', () => {
  const task = { shape: { height: 3, width: 3, channels: 1 }, classes: 2 };
  const build = (options: object): Model => cnnSmall.build(cnnSmall.options.parse(options), task);
  expect(() => build({})).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  expect(() => build({ filters: [4], padding: 'valid', kernelSize: 5 })).toThrow(
    'images of 3×3 are too small',
  );
  expect(build({ filters: [4] }).description).toContain('same), batch norm');
  expect(() => resnet.build(resnet.options.parse({}), task)).toThrow('cannot be halved 2 times');
});
