import { conv2d, memory, reshape, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import type { Model } from '../../src/models/model.js';
import { requireKernels } from '../../src/training/kernels.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { startOnCpu } from '../support/backends.js';
import { smallNet } from '../support/small-model.js';

/** One convolution that makes a logit of each of its two outputs; the wasm backend lacks the gradient of its filter. */
const convolution: Model = {
  description: 'a convolution',
  parameters: [{ name: 'filter', shape: [1, 3, 1, 2], initialValue: () => new Float32Array(6).fill(1) }],
  apply: (images, values): Tensor2D =>
    reshape(conv2d(images, values.get('filter') as Tensor4D, 1, 'valid'), [images.shape[0], 2]),
};

const shape = { height: 1, width: 3, channels: 1 };

describe('requireKernels', () => {
  it('finds out before training what a backend lacks', async () => {
    await startOnCpu('wasm');
    const variables = new TrainingVariables(convolution, [], 1);
    expect(() => {
      requireKernels('wasm', 'cnn', convolution, variables, shape);
    }).toThrow(
      expect.objectContaining({
        code: 'BACKEND_LACKS_KERNELS',
        exitCode: 4,
        message: expect.stringContaining('Conv2DBackpropFilter') as string,
      }) as Error,
    );
    variables.dispose();
  });

  it.each(['cpu', 'tensorflow'])('lets pass what %s has, and leaves no tensor behind', async (backend) => {
    await startOnCpu(backend);
    const before = memory().numTensors;
    for (const model of [convolution, smallNet(3, [4], 2)]) {
      const variables = new TrainingVariables(model, [], 1);
      requireKernels(backend, 'a model', model, variables, shape);
      variables.dispose();
    }
    expect(memory().numTensors).toBe(before);
  });

  it('passes on errors of other kinds', async () => {
    await startOnCpu('cpu');
    const apply = (): Tensor2D => {
      throw new Error('a mistake of the model');
    };
    const broken: Model = { ...convolution, apply };
    const variables = new TrainingVariables(broken, [], 1);
    expect(() => {
      requireKernels('cpu', 'broken', broken, variables, shape);
    }).toThrow(/^a mistake of the model$/);
    variables.dispose();
  });
});
