import { beforeAll, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../../src/artifacts/prepared.js';
import { Random } from '../../../../src/core/random.js';
import type { LabelledImages } from '../../../../src/core/images.js';
import { labelErrorsCheck } from '../../../../src/data/preparation/checks/label-errors.js';
import { softmax } from '../../../../src/evaluation/probabilities.js';
import { crossValidate } from '../../../../src/data/preparation/cleaning/cross-validation.js';
import { recordingContext, startOnCpu } from '../../../support/backends.js';
import { chosenImages } from '../../../support/images.js';

let train: LabelledImages;
let tested: LabelledImages;
const truth = new Map<number, number>();

beforeAll(async () => {
  await startOnCpu('tensorflow');
  const mnist = (await findPrepared(inject('dataDir'), 'mnist'))!;
  train = chosenImages(
    mnist.train,
    Array.from({ length: 4000 }, (_, index) => index),
  );
  tested = chosenImages(
    mnist.test,
    Array.from({ length: 200 }, (_, index) => index),
  );
  const random = new Random(1, 'flips');
  for (let index = 0; index < 4000; index += 100) {
    truth.set(index, train.labels[index]!);
    train.labels[index] = (train.labels[index]! + 1 + random.integer(9)) % 10;
  }
});

const { events, context } = recordingContext();
const plan = { folds: 2, copies: 2, epochs: 3, steps: 600, seed: 1 };
const all = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index);

it('flipped labels are found, most of them first, and would be mended', async () => {
  const predictions = await crossValidate(train, tested, all(4000), 10, plan, context);
  const findings = await labelErrorsCheck.run(
    {
      ...{ train, test: tested },
      classNames: Array.from({ length: 10 }, (_, digit) => String(digit)),
      isDropped: () => false,
      predictions: () => Promise.resolve(predictions),
    },
    'fix',
    context,
  );
  const inTraining = findings.filter(({ split }) => split === 'train');
  // 40 of 4,000 are planted: by chance one would be among the first 100.
  const first = inTraining.slice(0, 100).filter(({ index }) => truth.has(index));
  expect(first.length).toBeGreaterThanOrEqual(28);
  const mended = inTraining.filter(({ index, label }) => label !== undefined && truth.get(index) === label);
  expect(mended.length).toBeGreaterThanOrEqual(20);
  // A published test stays as it is.
  for (const { split, droppable, label } of findings) {
    if (split === 'test') expect([droppable, label]).toEqual([false, undefined]);
  }
  // 600 steps of 100 images in each of two folds, as the set is small.
  const last = events.filter(({ event }) => event === 'progress').at(-1);
  expect(last).toMatchObject({ task: 'cross-validating', done: 2 * 15 * 4000, total: 2 * 15 * 4000 });
  for (const rows of [predictions.train, predictions.test]) {
    for (let start = 0; start < rows.length; start += 10) {
      const sum = rows.subarray(start, start + 10).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 4);
    }
  }
});

it('the seed decides; images without a usable label are predicted, and not learnt from', async () => {
  const few = chosenImages(train, [...all(200)]);
  const predict = (labels: Uint8Array): ReturnType<typeof crossValidate> =>
    crossValidate(
      { ...few, labels },
      tested,
      all(200).filter((index) => index !== 17),
      10,
      { ...plan, copies: 1, steps: 50 },
      context,
    );
  const missing = few.labels.slice();
  missing[17] = 255;
  const once = await predict(missing);
  expect(await predict(missing)).toEqual(once);
  const sum = once.train.subarray(170, 180).reduce((total, value) => total + value, 0);
  expect(sum).toBeCloseTo(1, 4);
});

it('softmax neither overflows nor loses the sum', () => {
  // exp(0) : exp(−1), by hand.
  const [a, b] = softmax(Float32Array.of(1000, 999));
  expect(a).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  expect(a! + b!).toBeCloseTo(1, 12);
});
