import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tensor, tidy, zeros, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { callerLayer, fileLayer } from '../../src/core/config/layers.js';
import { resolveOptions } from '../../src/core/config/resolve.js';
import { Random } from '../../src/core/random.js';
import { layerTypes, type LayerDescription } from '../../src/models/layers/settings.js';
import { cnn } from '../../src/models/cnn.js';
import { parameterCount, type Model } from '../../src/models/model.js';
import { stack } from '../../src/models/stack.js';
import { transformer } from '../../src/models/transformer.js';
import { trainSpace } from '../../src/stages/train/train-options.js';
import { startOnCpu } from '../support/backends.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

type Layers = LayerDescription[];

const task = { shape: { height: 28, width: 28, channels: 1 }, classes: 10 };
const stackOf = (layers: Layers): Model => stack.build(stack.options.parse({ layers }), task);

beforeAll(() => startOnCpu('tensorflow'));

describe('a stack of layers', () => {
  it('is the net of PyTorch’s example, if that is what it lists', () => {
    const model = stackOf([
      { type: 'convolution', filters: 32 },
      { type: 'convolution', filters: 64 },
      { type: 'max-pooling' },
      { type: 'dropout', rate: 0.25 },
      { type: 'flatten' },
      { type: 'dense', units: 128 },
      { type: 'dropout' },
    ]);
    expect(parameterCount(model)).toBe(parameterCount(cnn.build(cnn.options.parse({}), task)));
    expect(model.parameters.map(({ name }) => name).slice(0, 3)).toEqual([
      'convolution1/kernel',
      'convolution1/bias',
      'convolution2/kernel',
    ]);
  });

  it('is the transformer, if that is what it lists', () => {
    const model = stackOf([
      { type: 'patches' },
      { type: 'dense', units: 64, activation: 'none' },
      { type: 'positions' },
      ...Array.from({ length: 4 }, () => ({ type: 'transformer-block', hidden: 128 }) as const),
      { type: 'layer-normalization' },
      { type: 'sequence-pooling' },
    ]);
    expect(parameterCount(model)).toBe(
      parameterCount(transformer.build(transformer.options.parse({}), task)),
    );
  });

  it('can hold every kind of layer', () => {
    const lists: Layers[] = [
      [
        { type: 'convolution', filters: 4, stride: 2, padding: 'same', bias: false, activation: 'none' },
        { type: 'depthwise-convolution', depthMultiplier: 2 },
        { type: 'separable-convolution', filters: 5, stride: 2, padding: 'same' },
        { type: 'batch-normalization' },
        { type: 'activation', function: 'gelu' },
        { type: 'average-pooling' },
        { type: 'max-pooling' },
        { type: 'group-normalization', groups: 5 },
        { type: 'global-average-pooling' },
        { type: 'dropout' },
        { type: 'dense', units: 7, initializer: 'glorot-uniform' },
        { type: 'layer-normalization' },
      ],
      [
        { type: 'patches', size: 14 },
        { type: 'dense', units: 8 },
        { type: 'positions', classToken: true },
        { type: 'self-attention', heads: 2 },
        { type: 'transformer-block', heads: 2, hidden: 8 },
        { type: 'sequence-pooling', kind: 'first' },
      ],
      [
        { type: 'rows' },
        { type: 'recurrent', units: 3, outputs: 'all', bidirectional: true },
        { type: 'recurrent', units: 4, cell: 'gru' },
      ],
      [{ type: 'flatten' }],
    ];
    const used = new Set(lists.flat().map(({ type }) => type));
    expect([...used].sort()).toEqual([...layerTypes].sort());
    for (const layers of lists) {
      const model = stackOf(layers);
      const names = model.parameters.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      tidy(() => {
        const values = model.parameters.map(({ name, shape, initialValue }, index) => {
          return [name, tensor(initialValue(new Random(1, 'test', index)), [...shape])] as const;
        });
        const images: Tensor4D = zeros([2, 28, 28, 1]);
        expect(model.apply(images, new Map(values)).shape).toEqual([2, 10]);
      });
    }
  });

  it.each<[string, Layers, RegExp]>([
    [
      'a dense layer on an image',
      [{ type: 'dense', units: 3 }],
      /^layers\[0\] \(dense\) needs a vector .* 28×28×1$/,
    ],
    [
      'filters that are larger than what is left',
      [
        { type: 'max-pooling', size: 7 },
        { type: 'convolution', filters: 2, kernelSize: 5 },
      ],
      /^layers\[1\] \(convolution\) needs a larger image, but gets 4×4×1$/,
    ],
    [
      'a convolution after flatten',
      [{ type: 'flatten' }, { type: 'convolution', filters: 2 }],
      /^layers\[1\] .* an image .* 784$/,
    ],
    [
      'heads that do not divide',
      [{ type: 'rows' }, { type: 'self-attention', heads: 3 }],
      /^layers\[1\] .* 3 heads divide.* 28×28$/,
    ],
    [
      'an image at the end',
      [{ type: 'max-pooling' }],
      /^the output layer after layers\[0\] needs a vector, but gets 14×14×1$/,
    ],
  ])('refuses, by its position, %s', async (_, layers, message) => {
    const error = await toolkitError('USAGE', () => stackOf(layers));
    expect(error.message).toMatch(message);
  });
});

describe('a file that describes a stack', () => {
  const resolveFile = async (layers: unknown): Promise<unknown> => {
    const path = join(await temporaryFolder(), 'stack.json');
    await writeFile(path, JSON.stringify({ model: 'stack', layers }));
    return resolveOptions(trainSpace, [await fileLayer(path)]).values.model;
  };

  it('fills in what layers leave to their defaults', async () => {
    expect(await resolveFile([{ type: 'rows' }, { type: 'recurrent', units: 8 }])).toEqual({
      name: 'stack',
      layers: [
        { type: 'rows' },
        {
          ...{ type: 'recurrent', cell: 'lstm', units: 8, bidirectional: false, outputs: 'last' },
          initializer: 'fan-in-uniform',
        },
      ],
    });
  });

  it.each<[string, unknown, string]>([
    [
      'a wrong number',
      [{ type: 'flatten' }, { type: 'dense', units: 0 }],
      'layers[1].units is 0 (from FILE), but must be a whole number from 1 to 65536',
    ],
    [
      'a missing one',
      [{ type: 'dense' }],
      'layers[0].units is missing (from FILE), but must be a whole number from 1 to 65536',
    ],
    [
      'another kind',
      [{ type: 'lstm' }],
      `layers[0].type is "lstm" (from FILE), but must be one of ${layerTypes.join(', ')}`,
    ],
    ['no layer at all', [7], 'layers[0] is 7 (from FILE), but must be an object with a type'],
    [
      'no list',
      7,
      `layers is 7 (from FILE), but must be a list of layers, each with a type: ${layerTypes.join(', ')}`,
    ],
  ])('is refused for %s', async (_, layers, message) => {
    const error = await toolkitError('OPTION_INVALID', resolveFile(layers));
    expect(error.message.replace(/from [^)]*stack\.json/, 'from FILE')).toBe(message);
  });

  it('is refused for an option that a layer does not have, with what was meant', async () => {
    const error = await toolkitError('OPTION_UNKNOWN', resolveFile([{ type: 'dense', unit: 3, units: 3 }]));
    expect(error.message).toMatch(/^unknown option layers\[0\]\.unit /);
    expect(error.hint).toBe('did you mean units?');
  });

  it('is the same as what a program passes', () => {
    const layers: Layers = [{ type: 'flatten' }];
    const { values } = resolveOptions(trainSpace, [callerLayer({ model: 'stack', layers })]);
    expect(values.model).toEqual({ name: 'stack', layers: [{ type: 'flatten' }] });
  });
});
