import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../src/engine/running/device-images.js';
import type { Coefficients } from '../../src/engine/running/program.js';
import { eagerTraining } from '../../src/engine/running/eager.js';
import type { CorePlan } from '../../src/engine/sharding/work.js';
import { averageShare } from '../../src/training/averaging.js';
import { stepCoefficients } from '../../src/training/step.js';
import {
  joined,
  mnistImages,
  relativeDifference,
  run,
  smallNet,
  startTensorFlow,
  valuesOf,
  type NetSettings,
  type TrainingParts,
} from '../support/training.js';

let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

const DECAY = 0.9;
const ALL: NetSettings = { clipNorm: 0.5, labelSmoothing: 0.1, areAveraged: true };
const WEIGHTS = Array.from({ length: 10 }, (_, label) => 0.2 + label ** 2 / 4);
const EPSILON = { epsilon: 1e-4 };

function coefficientsOf({ optimizer }: TrainingParts, { areAveraged }: NetSettings, rate = 0.01) {
  return (batch: number): Coefficients<number> =>
    stepCoefficients(optimizer, batch + 1, rate / (1 + batch), {
      averageWeights: areAveraged ? DECAY : undefined,
      momentum: 0.95 - 0.01 * batch,
    });
}

describe('a compiled step with clipping, smoothing, averages and a momentum that changes equals the eager one', () => {
  it.each<[string, Record<string, unknown>, NetSettings, Partial<CorePlan>]>([
    ['sgd', {}, { clipNorm: 0.5 }, {}],
    ['sgd', {}, { clipNorm: 1e6 }, { shards: 2 }],
    ['sgd', {}, { labelSmoothing: 0.1 }, {}],
    ['sgd', {}, { areAveraged: true }, {}],
    ['sgd', {}, { classWeights: WEIGHTS }, { shards: 2, schedulingThreads: 2 }],
    ['sgd', {}, { focalGamma: 2 }, { shards: 2 }],
    ['momentum', {}, { focalGamma: 0.5, classWeights: WEIGHTS }, {}],
    ['momentum', {}, { labelSmoothing: 0.1, classWeights: WEIGHTS }, { shards: 2, schedulingThreads: 2 }],
    ['momentum', { nesterov: true }, ALL, {}],
    ['adam', EPSILON, ALL, { shards: 2, schedulingThreads: 2 }],
    ['adamw', EPSILON, ALL, { shards: 5, schedulingThreads: 2 }],
  ])('%s %o %o %o', async (name, options, settings, plan) => {
    const compiled = smallNet(name, options, settings);
    const eager = smallNet(name, options, settings);
    const coefficients = coefficientsOf(compiled, settings, name.startsWith('adam') ? 0.001 : 0.01);
    const program = new CompiledTraining(compiled.step, images, plan);
    const actual = await run(program, compiled, 650, { coefficients });
    const expected = await run(eagerTraining(eager.step, images), eager, 650, { coefficients });
    expect(actual.done).toBe(7);
    const [losses, eagerLosses] = [joined(actual.slices).losses, joined(expected.slices).losses];
    expect(relativeDifference(losses, eagerLosses)).toBeLessThan(1e-6);
    const values = await valuesOf(compiled.variables);
    for (const [variable, expectedValues] of await valuesOf(eager.variables)) {
      expect(relativeDifference(values.get(variable)!, expectedValues), variable).toBeLessThan(1e-6);
    }
    program.dispose();
    compiled.variables.dispose();
    eager.variables.dispose();
  });
});

it('averages are of the weights after each step, in double precision the same', async () => {
  const net = smallNet('sgd', {}, { areAveraged: true });
  const coefficients = coefficientsOf(net, { areAveraged: true });
  const program = new CompiledTraining(net.step, images);
  const [{ value, average }] = net.variables.parameters as [(typeof net.variables.parameters)[0]];
  const means = new Float64Array(value.size);
  for (let step = 0; step < 6; step++) {
    await run(program, net, 600, { coefficients, firstBatch: step, order: orderUpTo(step + 1) });
    const share = averageShare(DECAY, step + 1);
    value.dataSync<'float32'>().forEach((weight, index) => {
      means[index]! += share * (weight - means[index]!);
    });
    expect(relativeDifference(average!.dataSync(), means), `step ${step + 1}`).toBeLessThan(1e-6);
  }
  expect(relativeDifference(value.dataSync(), means)).toBeGreaterThan(1e-4);
  program.dispose();
  net.variables.dispose();
});

function orderUpTo(batches: number): Int32Array {
  return Int32Array.from({ length: 100 * batches }, (_, index) => index);
}

it('is resumed from what is stored with the same bits, averages and all', async () => {
  const first = smallNet('adamw', {}, ALL);
  const coefficients = coefficientsOf(first, ALL);
  const before = new CompiledTraining(first.step, images);
  await run(before, first, 650, { coefficients, order: orderOf(650).subarray(0, 300) });
  const second = smallNet('adamw', {}, ALL);
  expect(second.variables.load(await first.variables.store(), 'everything')).toBeUndefined();
  const after = new CompiledTraining(second.step, images);
  await run(after, second, 650, { coefficients, firstBatch: 3, order: orderOf(650) });
  const whole = smallNet('adamw', {}, ALL);
  const undisturbed = new CompiledTraining(whole.step, images);
  await run(undisturbed, whole, 650, { coefficients, order: orderOf(650) });
  expect(await second.variables.store()).toEqual(await whole.variables.store());
  for (const program of [before, after, undisturbed]) program.dispose();
  for (const { variables } of [first, second, whole]) variables.dispose();
});

function orderOf(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => (index * 7919) % 60_000);
}

it('leaves no tensors behind, eager or compiled', async () => {
  const net = smallNet('adamw', {}, ALL);
  const coefficients = coefficientsOf(net, ALL);
  const runBoth = async (): Promise<number> => {
    for (const program of [eagerTraining(net.step, images), new CompiledTraining(net.step, images)]) {
      await run(program, net, 250, { coefficients });
      program.dispose();
    }
    return memory().numTensors;
  };
  const tensors = await runBoth();
  expect(await runBoth()).toBe(tensors);
  net.variables.dispose();
});

describe('averageShare', () => {
  it('takes the first weights whole, forgets them soon, and ends at its decay', () => {
    expect(averageShare(0.999, 1)).toBe(1);
    // TensorFlow: 1 − min(decay, (1 + n)/(10 + n)) for the updates n = 0, 1, 2 that follow.
    [9 / 10, 9 / 11, 9 / 12].forEach((share, n) => {
      expect(averageShare(0.999, n + 2)).toBeCloseTo(share, 15);
    });
    expect(averageShare(0.99, 1e6)).toBeCloseTo(0.01, 15);
  });
});
