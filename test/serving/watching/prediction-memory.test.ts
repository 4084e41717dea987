import { expect, it } from 'vitest';

import {
  PredictionMemory,
  type RememberedPrediction,
} from '../../../src/serving/watching/prediction-memory.js';

const prediction = (predicted = 1, pixels = 10): RememberedPrediction => ({
  version: '1',
  described: { shape: { height: 1, width: pixels, channels: 1 }, classNames: ['no', 'yes'] },
  predicted,
  pixels: new Uint8Array(pixels),
});
const memoryOf = (predictions: number, bytes = 1e9): PredictionMemory =>
  new PredictionMemory({ predictions, bytes });

it('a prediction is taken once, by its owner alone', () => {
  const memory = memoryOf(10);
  memory.remember('a', 'request', 0, prediction(3));
  memory.remember('b', 'request', 0, prediction(4));
  expect(memory.take('c', 'request', 0)).toBeUndefined();
  expect(memory.take('a', 'request', 1)).toBeUndefined();
  expect(memory.take('a', 'request', 0)?.predicted).toBe(3);
  expect(memory.take('a', 'request', 0)).toBeUndefined();
  expect(memory.take('b', 'request', 0)?.predicted).toBe(4);
});

it('one that was put back can be taken again, unless another has come under its id', () => {
  const memory = memoryOf(10);
  memory.remember('a', 'request', 0, prediction(3));
  memory.putBack('a', 'request', 0, memory.take('a', 'request', 0)!);
  const taken = memory.take('a', 'request', 0)!;
  expect(taken.predicted).toBe(3);
  memory.remember('a', 'request', 0, prediction(5));
  memory.putBack('a', 'request', 0, taken);
  expect(memory.take('a', 'request', 0)?.predicted).toBe(5);
});

it('the oldest are forgotten, by number and by bytes', () => {
  for (const memory of [memoryOf(4), memoryOf(1000, 40)]) {
    for (let index = 0; index < 100; index++) memory.remember('a', String(index), 0, prediction());
    const kept = Array.from({ length: 100 }, (_, index) => index).filter((index) =>
      memory.take('a', String(index), 0),
    );
    expect(kept).toEqual([96, 97, 98, 99]);
  }
});

it('one caller’s flood does not make those of another be forgotten', () => {
  const memory = memoryOf(100);
  for (let index = 0; index < 20; index++) memory.remember('quiet', String(index), 0, prediction());
  for (let index = 0; index < 10_000; index++) memory.remember('loud', String(index), 0, prediction());
  const kept = (owner: string, count: number): number =>
    Array.from({ length: count }, (_, index) => memory.take(owner, String(index), 0)).filter(Boolean).length;
  expect([kept('quiet', 20), kept('loud', 10_000)]).toEqual([20, 80]);
});

it('of many callers with one prediction each, as many as fit are remembered', () => {
  const memory = memoryOf(50);
  for (let index = 0; index < 500; index++) memory.remember(String(index), 'request', 0, prediction());
  const kept = Array.from({ length: 500 }, (_, index) => memory.take(String(index), 'request', 0)).filter(
    Boolean,
  );
  expect(kept).toHaveLength(50);
});

it('an image larger than the whole memory is not remembered, and nothing fails', () => {
  const memory = memoryOf(10, 5);
  memory.remember('a', 'request', 0, prediction());
  expect(memory.take('a', 'request', 0)).toBeUndefined();
});
