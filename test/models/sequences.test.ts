import { describe, expect, it } from 'vitest';

import { backends } from '../../src/engine/backends/index.js';
import { Random } from '../../src/core/random.js';
import { parameterCount, type Model } from '../../src/models/model.js';
import { rnn } from '../../src/models/rnn.js';
import { transformer } from '../../src/models/transformer.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { startOnCpu } from '../support/backends.js';
import { trainOnNoise } from '../support/noise-training.js';
import { expectClose } from '../support/numbers.js';

const mnist = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
const small = { shape: { height: 6, width: 5, channels: 2 }, classes: 3 };

const transformerOf = (options: object, task = mnist): Model =>
  transformer.build(transformer.options.parse(options), task);
const rnnOf = (options: object, task = mnist): Model => rnn.build(rnn.options.parse(options), task);

describe('transformer', () => {
  it('has the parameters that its layers add up to', () => {
    const [width, hidden, depth] = [64, 128, 4];
    const block = 4 * (width * width + width) + 2 * width * hidden + hidden + width + 4 * width;
    const around = 49 * width + width + 16 * width + 2 * width + width * 10 + 10;
    expect(parameterCount(transformerOf({}))).toBe(depth * block + around);
    expect(parameterCount(transformerOf({ pooling: 'class-token' }))).toBe(depth * block + around + width);
  });

  it('refuses heads that do not divide the width', () => {
    expect(() => transformerOf({ heads: 3 })).toThrow(/--width 64 is not divisible by --heads 3/);
  });
});

describe('rnn', () => {
  it('has the parameters of PyTorch’s, less its second, redundant biases', () => {
    // sum(p.numel()) of nn.LSTM(28, 128) is 80,896, of nn.GRU(28, 128) 60,672, and of nn.Linear(128, 10) 1,290.
    expect(parameterCount(rnnOf({}))).toBe(80_896 - 512 + 1290);
    expect(parameterCount(rnnOf({ cell: 'gru' }))).toBe(60_672 - 256 + 1290);
  });

  it('starts with forget gates that remember', () => {
    const { parameters } = rnnOf({ units: 4 });
    const bias = parameters
      .find(({ name }) => name === 'recurrent1/bias')!
      .initialValue(new Random(1, 'bias'));
    expect([...bias.subarray(4, 8)]).toEqual([1, 1, 1, 1]);
    expect(bias.subarray(0, 4).every((value) => Math.abs(value) < 1 && value !== 0)).toBe(true);
  });
});

describe.each([
  ['transformer', transformerOf({ patchSize: 2, width: 8, depth: 1, heads: 2, dropout: 0 }, small)],
  ['lstm', rnnOf({ units: 5, depth: 2 }, small)],
  ['gru', rnnOf({ cell: 'gru', units: 5, bidirectional: true }, small)],
])('%s', (_, model) => {
  it('learns alike on every backend', async () => {
    const outcomes = [];
    for (const backend of backends.names) {
      await startOnCpu(backend);
      const optimizer = sgd.build(sgd.options.parse({}));
      const plan = { images: 8, batchSize: 4, learningRate: 0.1, ranges: [[0, 4]], optimizer } as const;
      outcomes.push(await trainOnNoise('eager', model, small, plan));
    }
    const [first, ...others] = outcomes;
    for (const { losses, weights } of others) {
      expectClose(losses, first!.losses, 1e-5);
      for (const [name, values] of first!.weights) expectClose(weights.get(name)!, values, 1e-4, 1e-5);
    }
    expect(first!.losses[2]).not.toBeCloseTo(first!.losses[0]!, 3);
  });
});
