import {
  add,
  booleanMaskAsync,
  cast,
  engine,
  greater,
  mean,
  mul,
  randomUniform,
  reshape,
  scalar,
  sum,
  variable,
  whereAsync,
  zeros,
  type Scalar,
  type Tensor2D,
  type Variable,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { CompiledInference } from '../../../src/engine/running/compiled-inference.js';
import { CompiledTraining } from '../../../src/engine/running/compiled-training.js';
import type { Batch, DeviceImages } from '../../../src/engine/running/device-images.js';
import type { TrainingStep } from '../../../src/engine/running/program.js';
import { trace } from '../../../src/engine/tracing/trace.js';
import { mnistImages, startTensorFlow } from '../../support/training.js';

let images: DeviceImages;
let weight: Variable;

beforeAll(async () => {
  await startTensorFlow();
  images = await mnistImages();
  weight = variable(scalar(1), true, 'traceable/weight');
});

afterAll(() => {
  weight.dispose();
  images.dispose();
});

/** A step that adds something to its one weight. */
function stepWith(increment: (batch: Batch) => Scalar): TrainingStep {
  return (batch) => {
    weight.assign(add(weight, increment(batch)));
    return { loss: mean(batch.images), correct: sum(batch.labels) };
  };
}

async function runOnce(step: TrainingStep): Promise<number[]> {
  const program = new CompiledTraining(step, images, { threads: 2, schedulingThreads: 2 });
  const reported: number[] = [];
  try {
    await program.run({
      order: Int32Array.of(4, 3, 2, 1),
      batchSize: 2,
      firstBatch: 0,
      coefficients: () => ({}),
      signal: new AbortController().signal,
      onSlice: ({ losses }) => reported.push(...losses),
    });
    return reported;
  } finally {
    program.dispose();
  }
}

it('a step of constants and data runs', async () => {
  const before = (await weight.data())[0]!;
  await runOnce(stepWith(() => scalar(0.25)));
  expect((await weight.data())[0]).toBe(before + 0.5);
});

it('a step without coefficients, that reads its data, adds what the data say', async () => {
  const before = (await weight.data())[0]!;
  await runOnce(stepWith(({ labels }) => sum(labels)));
  const { labels } = images.source;
  const expected = [1, 2, 3, 4].reduce((total, index) => total + labels[index]!, before);
  expect((await weight.data())[0]).toBeCloseTo(expected, 4);
});

it('a value read in a step is the one from before the update, though the update does not need it', async () => {
  weight.assign(scalar(100));
  const step: TrainingStep = ({ labels }) => {
    const loss: Scalar = mul(weight as Scalar, 2);
    weight.assign(cast(sum(labels), 'float32'));
    return { loss, correct: sum(labels) };
  };
  const { labels } = images.source;
  expect(await runOnce(step)).toEqual([200, 2 * (labels[4]! + labels[3]!)]);
  expect((await weight.data())[0]).toBe(labels[2]! + labels[1]!);
});

it('random numbers made in JavaScript are refused, with the operation that takes them', async () => {
  const step = stepWith(({ images: pixels }) => mean(mul(pixels, randomUniform(pixels.shape))));
  await expect(runOnce(step)).rejects.toMatchObject({
    code: 'STEP_NOT_TRACEABLE',
    exitCode: 1,
    message: expect.stringMatching(/Mul takes values made in JavaScript/) as string,
  });
});

it('reading a value is refused, with the operation that made it', async () => {
  const step = stepWith(({ images: pixels }) => scalar(mean<Scalar>(pixels).dataSync()[0]!));
  await expect(runOnce(step)).rejects.toMatchObject({
    code: 'STEP_NOT_TRACEABLE',
    message: expect.stringMatching(/reading values \(of the result of Mean\)/) as string,
  });
});

it('reading a value asynchronously is refused too', async () => {
  const step = stepWith(({ images: pixels }) => {
    mean(pixels)
      .data()
      .catch(() => undefined);
    return scalar(1);
  });
  await expect(runOnce(step)).rejects.toMatchObject({ code: 'STEP_NOT_TRACEABLE' });
});

it.each([
  ['whereAsync', ({ images: pixels }: Batch) => whereAsync(greater(pixels, 0))],
  ['booleanMaskAsync', ({ images: pixels }: Batch) => booleanMaskAsync(pixels, greater(pixels, 0))],
])('a shape that depends on data is refused: %s', async (_name, call) => {
  const step = stepWith((batch) => {
    call(batch).catch(() => undefined);
    return scalar(1);
  });
  await expect(runOnce(step)).rejects.toMatchObject({ code: 'STEP_NOT_TRACEABLE' });
});

it('steps that differ from time to time are refused', async () => {
  let calls = 0;
  const step = stepWith(({ images: pixels }) => (calls++ % 2 === 0 ? mean(pixels) : sum(pixels)));
  await expect(runOnce(step)).rejects.toMatchObject({ code: 'STEP_NOT_TRACEABLE' });
});

it('a forward pass is held to the same', async () => {
  const program = new CompiledInference(
    (pixels) => mul<Tensor2D>(reshape(pixels, [-1, 784]), randomUniform([784])),
    images,
    784,
  );
  await expect(program.run(Int32Array.of(1, 2), new AbortController().signal)).rejects.toMatchObject({
    code: 'STEP_NOT_TRACEABLE',
  });
  program.dispose();
});

it('a step that throws leaves the backend and the variables as they were', async () => {
  const before = await weight.data();
  const tensors = engine().memory().numTensors;
  const step: TrainingStep = (batch) => {
    weight.assign(mean<Scalar>(batch.images));
    throw new Error('out of order');
  };
  await expect(runOnce(step)).rejects.toThrow('out of order');
  expect(await weight.data()).toEqual(before);
  expect(engine().memory().numTensors).toBe(tensors);
});

it('large results of a step take no memory while it is recorded', () => {
  const input = zeros([10, 2 ** 20]);
  const before = process.memoryUsage.rss();
  let held = 0;
  const { operations } = trace(
    ([first]) => {
      let last = first!;
      for (let time = 0; time < 10; time++) last = add(last, 1);
      held = process.memoryUsage.rss() - before;
      return [mean(last)];
    },
    [input],
  );
  // Each has 40 MiB; two of them are in memory while an operation runs.
  expect(held).toBeLessThan(150 * 2 ** 20);
  const shapes = operations.filter(({ name }) => name === 'Add').map(({ outputs }) => outputs[0]!.shape);
  expect(shapes).toEqual(new Array(10).fill([10, 2 ** 20]));
  input.dispose();
});
