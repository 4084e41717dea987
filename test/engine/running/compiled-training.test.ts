import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  conv2d,
  dispose,
  matMul,
  maxPool,
  mean,
  memory,
  mul,
  ones,
  relu,
  reshape,
  sub,
  sum,
  tensor2d,
  tensor4d,
  variable,
  variableGrads,
  type Rank,
  type Scalar,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  type Variable,
} from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../../src/engine/running/device-images.js';
import { eagerTraining } from '../../../src/engine/running/eager.js';
import { sparseCrossEntropy } from '../../../src/engine/tracing/operations.js';
import type { SliceResult, TrainingStep, Coefficients } from '../../../src/engine/running/program.js';
import type { CorePlan } from '../../../src/engine/sharding/work.js';
import {
  joined,
  mnistImages,
  relativeDifference,
  run,
  smallNet,
  startTensorFlow,
  valuesOf,
  type NetSettings,
} from '../../support/training.js';
import { augmentation } from '../../../src/models/augmentation/augment.js';
import { augmentationFields } from '../../../src/models/augmentation/options.js';
import { toolkitError } from '../../support/errors.js';
import { stepCoefficients } from '../../../src/training/step.js';

let images: DeviceImages;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
});

afterAll(() => {
  images.dispose();
});

describe('compiled training equals eager training', () => {
  it.each([
    ['sgd', {}],
    ['sgd', { weightDecay: 0.01 }],
    ['momentum', {}],
    ['momentum', { weightDecay: 0.01 }],
    // Adam divides by the size of the gradient: with the usual epsilon, the last bit of a gradient near zero decides a step.
    ['adam', { epsilon: 1e-4 }],
    ['adam', { epsilon: 1e-4, weightDecay: 0.01 }],
    ['momentum', { nesterov: true, weightDecay: 0.01, decayBiases: false }],
    ['adamw', { epsilon: 1e-4, weightDecay: 0.1 }],
    ['adamw', { epsilon: 1e-4, weightDecay: 0.1, decayBiases: false }],
    ['lars', { weightDecay: 0.01 }],
    ['lamb', { epsilon: 1e-4 }],
    // Each batch cut into shards that go their way beside each other, whose gradients are added.
    ['sgd', {}, { shards: 2, schedulingThreads: 2 }],
    ['momentum', { weightDecay: 0.01 }, { shards: 4, schedulingThreads: 2 }],
    ['adam', { epsilon: 1e-4 }, { shards: 5, schedulingThreads: 2 }],
  ])(
    'weights, optimiser state, losses and counts: %s %o %o',
    async (name, options, plan: Partial<CorePlan> = {}) => {
      const compiled = smallNet(name, options);
      const eager = smallNet(name, options);
      const program = new CompiledTraining(compiled.step, images, plan);
      const rate = name.startsWith('adam') ? 0.001 : 0.01;
      const coefficients = (batch: number): Coefficients<number> =>
        stepCoefficients(compiled.optimizer, batch + 1, rate / (1 + batch));
      // Seven batches, the last of 50 images.
      const actual = await run(program, compiled, 650, { coefficients });
      const expected = await run(eagerTraining(eager.step, images), eager, 650, { coefficients });
      expect(actual.done).toBe(7);
      expect(relativeDifference(joined(actual.slices).losses, joined(expected.slices).losses)).toBeLessThan(
        1e-6,
      );
      expect(joined(actual.slices).correct).toEqual(joined(expected.slices).correct);
      const weights = await valuesOf(compiled.variables);
      for (const [variable, values] of await valuesOf(eager.variables)) {
        expect(relativeDifference(weights.get(variable)!, values), variable).toBeLessThan(1e-6);
      }
      program.dispose();
      compiled.variables.dispose();
      eager.variables.dispose();
    },
  );

  it('the compiled step really changed the weights', async () => {
    const net = smallNet('sgd');
    const before = await valuesOf(net.variables);
    const program = new CompiledTraining(net.step, images);
    await run(program, net, 650);
    for (const [variable, values] of await valuesOf(net.variables)) {
      expect(relativeDifference(values, before.get(variable)!), variable).toBeGreaterThan(1e-4);
    }
    program.dispose();
    net.variables.dispose();
  });
});

describe('slices', () => {
  it('number their batches from the first to the last, whatever their length', async () => {
    const net = smallNet('sgd');
    const program = new CompiledTraining(net.step, images);
    const { done, slices } = await run(program, net, 20_050);
    expect(done).toBe(201);
    expect(slices.length).toBeGreaterThan(2);
    let next = 0;
    for (const { first, losses, correct } of slices) {
      expect(first).toBe(next);
      expect(correct.length).toBe(losses.length);
      expect(correct).toBeInstanceOf(Float32Array);
      next += losses.length;
    }
    expect(next).toBe(201);
    program.dispose();
    net.variables.dispose();
  });

  it('an epoch that is continued in its middle by another program ends with the same bits', async () => {
    const whole = smallNet('adam');
    const program = new CompiledTraining(whole.step, images);
    await run(program, whole, 1_650);
    program.dispose();

    const parted = smallNet('adam');
    const first = new CompiledTraining(parted.step, images);
    const controller = new AbortController();
    const { done } = await run(first, parted, 1_650, {
      signal: controller.signal,
      onSlice: () => {
        controller.abort();
      },
    });
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(17);
    first.dispose();
    const second = new CompiledTraining(parted.step, images);
    expect((await run(second, parted, 1_650, { firstBatch: done })).done).toBe(17);
    second.dispose();
    expect(await valuesOf(parted.variables)).toEqual(await valuesOf(whole.variables));
    whole.variables.dispose();
    parted.variables.dispose();
  });

  it.each([1, 2])('the same run twice gives the same bits: %i threads', async (threads) => {
    const results = [];
    for (let time = 0; time < 2; time++) {
      const net = smallNet('momentum');
      const program = new CompiledTraining(net.step, images, { threads, schedulingThreads: threads });
      const { slices } = await run(program, net, 3_050);
      results.push({ ...joined(slices), weights: await valuesOf(net.variables) });
      program.dispose();
      net.variables.dispose();
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('variables that were assigned between two runs are what the second starts from', async () => {
    const net = smallNet('sgd');
    const program = new CompiledTraining(net.step, images);
    const { slices } = await run(program, net, 100);
    const start = await net.variables.store();
    await run(program, net, 500);
    net.variables.load(start, 'everything');
    const again = await run(program, net, 100, { order: new Int32Array(100).fill(5) });
    net.variables.load(start, 'everything');
    const third = await run(program, net, 100, { order: new Int32Array(100).fill(5) });
    expect(joined(third.slices)).toEqual(joined(again.slices));
    expect(joined(third.slices)).not.toEqual(joined(slices));
    program.dispose();
    net.variables.dispose();
  });
});

describe('the process meanwhile', () => {
  it('timers tick while native code runs', async () => {
    const net = smallNet('adam');
    const program = new CompiledTraining(net.step, images);
    let ticks = 0;
    let slices = 0;
    const timer = setInterval(() => ticks++, 1);
    await run(program, net, 60_000, { onSlice: () => slices++ });
    clearInterval(timer);
    // Were the loop busy during a slice, there would be a tick at most for each.
    expect(ticks).toBeGreaterThan(2 * slices);
    program.dispose();
    net.variables.dispose();
  });

  it('an abort ends the run after the slice that is under way', async () => {
    const net = smallNet('sgd');
    const program = new CompiledTraining(net.step, images);
    const controller = new AbortController();
    let after = 0;
    const slices: SliceResult[] = [];
    const { done } = await run(program, net, 60_000, {
      signal: controller.signal,
      onSlice: (result) => {
        slices.push(result);
        if (controller.signal.aborted) after++;
        else if (result.first > 0)
          setTimeout(() => {
            controller.abort();
          }, 0);
      },
    });
    expect(after).toBeLessThanOrEqual(1);
    expect(done).toBeLessThan(600);
    expect(done).toBe(slices.at(-1)!.first + slices.at(-1)!.losses.length);
    program.dispose();
    net.variables.dispose();
  });

  it('a program aborted before it starts does nothing', async () => {
    const net = smallNet('sgd');
    const program = new CompiledTraining(net.step, images);
    const before = await valuesOf(net.variables);
    const { done, slices } = await run(program, net, 500, { signal: AbortSignal.abort() });
    expect({ done, slices }).toEqual({ done: 0, slices: [] });
    expect(await valuesOf(net.variables)).toEqual(before);
    program.dispose();
    net.variables.dispose();
  });

  it('programs leave no tensors behind, and no memory', async () => {
    const net = smallNet('adam');
    const warm = new CompiledTraining(net.step, images);
    await run(warm, net, 650);
    warm.dispose();
    const tensors = memory().numTensors;
    const program = new CompiledTraining(net.step, images);
    await run(program, net, 650);
    expect(memory().numTensors).toBe(tensors);
    // Slices of one step each, as an order of one batch has them.
    for (let slice = 0; slice < 50; slice++) await run(program, net, 100);
    const resident = process.memoryUsage.rss();
    for (let slice = 0; slice < 200; slice++) await run(program, net, 100);
    expect(memory().numTensors).toBe(tensors);
    expect(process.memoryUsage.rss() - resident).toBeLessThan(32 * 2 ** 20);
    program.dispose();
    expect(memory().numTensors).toBe(tensors);
    net.variables.dispose();
  });

  it('disposing of a program twice, or while it runs, is harmless', async () => {
    const net = smallNet('sgd');
    const program = new CompiledTraining(net.step, images);
    const running = run(program, net, 60_000, {
      onSlice: () => {
        program.dispose();
      },
    });
    await expect(running).rejects.toThrow('closed');
    program.dispose();
    await nextTurn();
    net.variables.dispose();
  });
});

it('the values of variables are those from before while a step is only recorded', async () => {
  const net = smallNet('sgd');
  const before = await valuesOf(net.variables);
  const seen: Tensor[] = [];
  const program = new CompiledTraining((batch, coefficients) => {
    seen.push(batch.images);
    return net.step(batch, coefficients);
  }, images);
  await expect(
    run(program, net, 100, {
      onSlice: () => {
        throw new Error('stop');
      },
    }),
  ).rejects.toThrow('stop');
  // Two recordings, though the graph ran one step: the weights are one step away from the start.
  expect(seen.length).toBe(2);
  const eager = smallNet('sgd');
  await run(eagerTraining(eager.step, images), eager, 100);
  const expected = await valuesOf(eager.variables);
  for (const [variable, values] of await valuesOf(net.variables)) {
    expect(relativeDifference(values, expected.get(variable)!), variable).toBeLessThan(1e-6);
    expect(values, variable).not.toEqual(before.get(variable));
  }
  program.dispose();
});

/** A step of plain tfjs, with convolutions, pooling and gradient descent: nothing in it knows of the engine. */
function convolutionalStep(): { step: TrainingStep; variables: Variable[] } {
  const values = (count: number): Float32Array => new Random(5, 'filters', count).uniformArray(count, 0.1);
  const filter = variable(tensor4d(values(72), [3, 3, 1, 8]));
  const kernel = variable(tensor2d(values(8 * 13 * 13 * 10), [8 * 13 * 13, 10]));
  const variables: Variable[] = [filter, kernel];
  const step: TrainingStep = ({ images: input, labels }) => {
    const { value: loss, grads } = variableGrads(() => {
      const features = maxPool(relu(conv2d(input, filter as Tensor4D, 1, 'valid')), 2, 2, 'valid');
      const logits: Tensor2D = matMul(reshape(features, [input.shape[0], 8 * 13 * 13]), kernel);
      return mean<Scalar>(sparseCrossEntropy(logits, labels));
    }, variables);
    for (const trained of variables) trained.assign(sub(trained, mul(grads[trained.name]!, 0.1)));
    return { loss, correct: sum<Scalar>(labels) };
  };
  return { step, variables };
}

it.each([
  [1, 1],
  [2, 1],
  [4, 1],
  [5, 1],
  [2, 3],
])(
  'a step of convolutions, written without the engine in mind, gives the eager weights too: %i shards, %i parts',
  async (shards, parts) => {
    const compiled = convolutionalStep();
    const eager = convolutionalStep();
    const options = { coefficients: () => ({}) };
    const net = smallNet('sgd');
    const program = new CompiledTraining(compiled.step, images, { shards, schedulingThreads: 2 }, parts);
    const actual = joined((await run(program, net, 450, options)).slices);
    const expected = joined((await run(eagerTraining(eager.step, images), net, 450, options)).slices);
    expect(relativeDifference(actual.losses, expected.losses)).toBeLessThan(1e-5);
    expect(actual.correct).toEqual(expected.correct);
    for (const [index, trained] of compiled.variables.entries()) {
      expect(relativeDifference(await trained.data(), await eager.variables[index]!.data())).toBeLessThan(
        1e-5,
      );
    }
    program.dispose();
    dispose([...compiled.variables, ...eager.variables]);
    net.variables.dispose();
  },
);

describe('batches that are computed in parts', () => {
  /** Three batches, the last of 50 images; 7 parts of 15 and 14 images, and 4 of the last. */
  const settings: NetSettings = {
    ...{ clipNorm: 0.5, classWeights: [1, 2, 1, 1, 1, 3, 1, 1, 1, 1] },
    augment: augmentation(
      z.strictObject(augmentationFields).parse({ augmentShift: 2, augmentErasing: 0.3 }),
      { scale: 2 / 255, offset: -1 },
    ),
  };

  it.each([
    [2, {}],
    [7, {}],
    [5, { shards: 2, schedulingThreads: 2 }],
  ])('%i give the weights of whole ones, clipped, weighted and augmented: %o', async (parts, plan) => {
    const whole = smallNet('momentum', {}, settings);
    const parted = smallNet('momentum', {}, settings);
    const program = new CompiledTraining(whole.step, images);
    const inParts = new CompiledTraining(parted.step, images, plan, parts);
    const expected = joined((await run(program, whole, 250)).slices);
    const actual = joined((await run(inParts, parted, 250)).slices);
    expect(relativeDifference(actual.losses, expected.losses)).toBeLessThan(1e-6);
    expect(actual.correct).toEqual(expected.correct);
    const weights = await valuesOf(parted.variables);
    for (const [variable, values] of await valuesOf(whole.variables)) {
      expect(relativeDifference(weights.get(variable)!, values), variable).toBeLessThan(1e-6);
    }
    for (const each of [program, inParts]) each.dispose();
    for (const { variables } of [whole, parted]) variables.dispose();
  });

  it('are refused where an operation needs the whole batch', async () => {
    const net = smallNet('sgd');
    const centred: TrainingStep = ({ images: input, labels }) => {
      const features = matMul(reshape(input, [input.shape[0], 784]), ones<Rank.R2>([784, 2]));
      // A statistic of the batch, which each image's result depends on.
      const loss = mean<Scalar>(relu(matMul(sub(features, mean(features, 0)), ones<Rank.R2>([2, 1]))));
      return { loss, correct: sum<Scalar>(labels) };
    };
    const program = new CompiledTraining(centred, images, {}, 2);
    const { message } = await toolkitError('USAGE', run(program, net, 100));
    expect(message).toMatch(/^a batch cannot be computed in 2 parts: .+ needs all of its images at once$/);
    program.dispose();
    net.variables.dispose();
  });
});
