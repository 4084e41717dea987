import { dispose, tensor, tidy, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { heldArray, type ForeignArray } from '../../src/artifacts/foreign/weights/array.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { backboneOf, backbones, fromStateDict } from '../../src/models/backbones/state-dict.js';
import { mobilenetV3Small } from '../../src/models/backbones/mobilenet-v3-small.js';
import { parameterCount, type Model } from '../../src/models/model.js';
import { startOnCpu } from '../support/backends.js';
import { toolkitError } from '../support/errors.js';
import { expectClose } from '../support/numbers.js';
import { formula, stateDict, torchvision } from '../support/torchvision.js';
import { trainingPass } from '../support/training-pass.js';

const { classes, images, height, width, narrow, nets } = torchvision;

beforeAll(() => startOnCpu('tensorflow'));

describe.each(backbones.map(({ definition }) => definition))('$name', (definition) => {
  const net = nets[definition.name]!;
  const arrays = stateDict(definition.name);
  const weights = fromStateDict({ name: definition.name }, arrays, 'net.safetensors', true);

  function build(channels: number, outputs = classes): Model {
    return definition.build(definition.options.parse({}) as never, {
      shape: { height, width, channels },
      classes: outputs,
    });
  }

  it('has as many parameters as in torchvision', () => {
    expect(parameterCount(build(3, 1000))).toBe(net.parameters);
  });

  it('gives the logits of torchvision for images in colour and grey, and moves its statistics alike', () => {
    tidy(() => {
      const values = new Map(
        [...weights].map(([name, stored]): [string, Tensor] => [
          name.replace('parameters/', ''),
          tensor(loadFloats(stored), [...stored.shape]),
        ]),
      );
      const pixels = (channels: number): Tensor4D =>
        tensor(Float32Array.from(formula(9999, images * height * width * channels)), [
          images,
          height,
          width,
          channels,
        ]);
      expectClose(build(3).apply(pixels(3), values).dataSync(), net.colour, 5e-5);
      expectClose(build(1).apply(pixels(1), values).dataSync(), net.grey, 5e-5);
      const { pass, updates } = trainingPass(1, 1);
      build(3).apply(pixels(3), values, pass);
      const { layer, mean, variance } = net.statistics;
      const first = (part: string): number[] =>
        [...updates.get(`${layer.replaceAll('.', '/')}/${part}`)!.dataSync()].slice(0, 8);
      expectClose(first('moving-mean'), mean, 1e-6);
      expectClose(first('moving-variance'), variance, 1e-6);
      dispose([...updates.values()]);
    });
  });

  it('is recognised by its tensors', () => {
    expect(backboneOf(arrays)).toBe(definition.name);
  });
});

it('is as narrow as torchvision makes it', () => {
  const task = { shape: { height, width, channels: 3 }, classes: 1000 };
  const options = mobilenetV3Small.options.parse({ widthMultiplier: 0.35 });
  expect(parameterCount(mobilenetV3Small.build(options, task))).toBe(narrow);
});

describe('a state dict that does not fit', () => {
  const model = mobilenetV3Small.name;
  const arrays = stateDict(model);
  const [first = '', second = '', third = ''] = arrays.keys();
  const number = heldArray([1], Float32Array.of(1));

  function read(changes: Record<string, ForeignArray | undefined>, name: string = model): unknown {
    const changed = [...new Map([...arrays, ...Object.entries(changes)])];
    const dict = new Map(changed.filter((entry): entry is [string, ForeignArray] => entry[1] !== undefined));
    return fromStateDict({ name }, dict, 'net.safetensors', true);
  }

  it('has its tensors named that are missing, unknown, of another shape, or hold impossible numbers', async () => {
    const message = async (changes: Record<string, ForeignArray | undefined>): Promise<string> =>
      (await toolkitError('MODEL_UNSUPPORTED', () => read(changes))).message;
    expect(await message({ [first]: undefined, extra: number, [second]: number })).toBe(
      `net.safetensors: cannot be imported: its tensors are not those of ${model}: missing: ${first}; unknown: extra; of another shape: ${second} (1)`,
    );
    for (const [name, value] of [
      [third, NaN],
      ['features.0.1.running_var', -1],
    ] as const) {
      const right = arrays.get(name)!;
      const wrong = heldArray(right.shape, right.values().with(0, value));
      expect(await message({ [name]: wrong })).toContain(`with numbers that cannot be: ${name}`);
    }
  });

  it('is none of a network that is not of torchvision', async () => {
    const cnn = await toolkitError('MODEL_UNSUPPORTED', () => read({}, 'cnn'));
    expect(cnn.hint).toContain('resnet18 or mobilenet-v3-small');
    expect(backboneOf(new Map([['layer1.weight', number]]))).toBeUndefined();
  });

  it('may have a count of batches, and no output layer', () => {
    const changes = {
      'features.0.1.num_batches_tracked': number,
      'classifier.3.weight': undefined,
      'classifier.3.bias': undefined,
    };
    const tensors = read(changes) as ReadonlyMap<string, unknown>;
    expect([...tensors.keys()].filter((name) => name.startsWith('parameters/classifier'))).toEqual([
      'parameters/classifier/0/kernel',
      'parameters/classifier/0/bias',
    ]);
  });
});
