import { beforeAll, expect, inject, test } from 'vitest';

import { findPrepared } from '../../../src/artifacts/prepared.js';
import { Random } from '../../../src/core/random.js';
import type { LabelledImages } from '../../../src/engine/images.js';
import { labelErrorsCheck } from '../../../src/preparation/checks/label-errors.js';
import { crossValidate, softmax, type Predictions } from '../../../src/preparation/cross-validation.js';
import { recordingContext, startOnCpu } from '../../support/backends.js';
import { chosenImages } from '../../support/images.js';

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
const plan = { folds: 2, copies: 2, epochs: 4, seed: 1 };
const usable = (): Int32Array => Int32Array.from({ length: 4000 }, (_, index) => index);
const predict = (): Promise<Predictions> => crossValidate(train, tested, usable(), 10, plan, context);

test('flipped labels are found, most of them first, and would be mended', async () => {
  const predictions = await predict();
  const findings = await labelErrorsCheck.run(
    {
      ...{ train, test: tested },
      classNames: [...'0123456789'],
      isDropped: () => false,
      predictions: () => Promise.resolve(predictions),
    },
    'fix',
    context,
  );
  const inTraining = findings.filter(({ split }) => split === 'train');
  const first = inTraining.slice(0, 60).filter(({ index }) => truth.has(index));
  expect(first.length).toBeGreaterThanOrEqual(36);
  const mended = inTraining.filter(({ index, label }) => label !== undefined && truth.get(index) === label);
  expect(mended.length).toBeGreaterThanOrEqual(30);
  // A published test stays as it is.
  for (const { split, droppable, label } of findings) {
    if (split === 'test') expect([droppable, label]).toEqual([false, undefined]);
  }
  expect(events.filter(({ event }) => event === 'progress').at(-1)).toMatchObject({
    task: 'cross-validating',
    done: 2 * 4 * 2 * 2000,
    total: 2 * 4 * 2 * 2000,
  });
});

test('predictions are probabilities, and the seed decides', async () => {
  const [one, two] = [await predict(), await predict()];
  expect(two).toEqual(one);
  for (const rows of [one.train, one.test]) {
    for (let start = 0; start < rows.length; start += 10) {
      const sum = rows.subarray(start, start + 10).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 4);
    }
  }
});

test('images without a usable label are predicted, and not learnt from', async () => {
  const labels = train.labels.slice();
  labels[17] = 255;
  const others = usable().filter((index) => index !== 17);
  const first = await crossValidate(
    { ...train, labels },
    tested,
    others,
    10,
    { ...plan, epochs: 1 },
    context,
  );
  const row = [...first.train.subarray(170, 180)];
  expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
});

test('softmax neither overflows nor loses the sum', () => {
  // exp(0) : exp(−1), by hand.
  const [a, b] = softmax(Float32Array.of(1000, 999));
  expect(a).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  expect(a! + b!).toBeCloseTo(1, 12);
});
