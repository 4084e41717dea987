import { beforeAll, expect, it } from 'vitest';

import { startBackend } from '../../src/engine/backends/start.js';
import { silentContext } from '../../src/core/events.js';
import { models } from '../../src/models/index.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { cpuRequest } from '../support/backends.js';
import { trainOnNoise } from '../support/noise-training.js';
import { expectClose } from '../support/numbers.js';

// In a file of its own: TensorFlow has as many threads as it is started with.
beforeAll(() => startBackend('tensorflow', cpuRequest({ threads: 2 }), silentContext()));

const task = { shape: { height: 28, width: 28, channels: 1 }, classes: 3 };

it.each([
  ['transformer', { width: 16, depth: 2, mlpRatio: 2, dropout: 0.1 }],
  ['transformer', { width: 32, depth: 1, heads: 1, patchSize: 5, pooling: 'class-token' }],
  ['rnn', { units: 16, depth: 2, bidirectional: true, dropout: 0.1 }],
  ['rnn', { cell: 'gru', units: 24 }],
  [
    'stack',
    {
      layers: [
        { type: 'convolution', filters: 8, stride: 2, padding: 'same' },
        { type: 'depthwise-convolution', depthMultiplier: 2, padding: 'same' },
        { type: 'separable-convolution', filters: 16, stride: 2 },
        { type: 'flatten' },
      ],
    },
  ],
])(
  '%s %o trains to the same weights in shards for two cores, compiled, and eagerly',
  async (name, options) => {
    const definition = models.get(name)!;
    const model = definition.build(definition.options.parse(options) as never, task);
    // Of a size that is cut: see src/engine/sharding/work.ts. Not with Adam, which makes much of gradients that are nothing but rounding: those of
    // an attention's biases of the keys, on which nothing depends.
    const optimizer = sgd.build(sgd.options.parse({}));
    const plan = { images: 200, batchSize: 100, learningRate: 0.05, ranges: [[0, 3]], optimizer } as const;
    const eager = await trainOnNoise('eager', model, task, plan);
    const compiled = await trainOnNoise('compiled', model, task, plan);
    expect(compiled.execution).toMatchObject({
      mode: 'compiled',
      shards: expect.toSatisfy((count) => count > 1) as number,
    });
    expect(compiled.losses).toHaveLength(3);
    expectClose(compiled.losses, eager.losses, 1e-6);
    for (const [parameter, values] of eager.weights) {
      expectClose(compiled.weights.get(parameter)!, values, 1e-5, 1e-6);
    }
  },
);
