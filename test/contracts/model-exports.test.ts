import { describe, expect, it } from 'vitest';

import type { ErrorCode } from '../../src/core/errors.js';
import { MIN_QUANTISED } from '../../src/deployment/onnx/weights.js';
import { targets } from '../../src/deployment/targets/index.js';
import type { ExportedModel } from '../../src/deployment/source.js';
import { features } from '../../src/models/features/index.js';
import { models } from '../../src/models/index.js';
import { toolkitError } from '../support/errors.js';
import { untrainedSource, type Exported } from '../support/exported.js';
import { temporaryFolder } from '../support/folders.js';
import { narrow } from '../support/narrow.js';
import { expectClose } from '../support/numbers.js';

const RAW = { name: 'raw' };
const usual = { height: 28, width: 28, channels: 1 };
/** For models whose size grows quickly with the image's. */
const small = { height: 10, width: 10, channels: 1 };

/** Not square, in grey and in colour. */
const shapes = [
  { kind: 'grey', shape: { height: 10, width: 15, channels: 1 } },
  { kind: 'colour', shape: { height: 10, width: 15, channels: 3 } },
];

/** How far a probability may be from the model's own: of forms that compute the same, with floats of 16 bits, and with 8 bits. */
const NEARNESS = { same: 1e-5, float16: 1e-3, int8: 0.03 };

/** A way to call a target. */
interface Call {
  options: object;
  nearness: number;
  /** The error that it must end with, for models that the target does not take. */
  refusal?: ErrorCode;
}

/** How a target is called for a model. One that is not named here is called once, and takes every model. */
function callsOf(target: string, { source: { checkpoint } }: Exported): Call[] {
  const { same, int8 } = NEARNESS;
  const largest = Math.max(...[...checkpoint.tensors.values()].map(({ bytes }) => bytes.length / 4));
  const special: Record<string, Call[]> = {
    onnx: [
      { options: {}, nearness: same },
      {
        options: { quantize: 'int8', input: 'float32' },
        nearness: int8,
        ...(largest < MIN_QUANTISED && { refusal: 'USAGE' }),
      },
    ],
    // The smaller of two builds of ONNX Runtime, which are copied.
    web: [{ options: { webgpu: false }, nearness: same }],
    encrypted: [
      {
        options: { checkImages: 0 },
        nearness: same,
        ...(checkpoint.description.model.name !== 'square-net' && { refusal: 'EXPORT_UNSUPPORTED' }),
      },
    ],
  };
  return special[target] ?? [{ options: {}, nearness: same }];
}

describe.each(shapes)('for images in $kind', ({ shape }) => {
  it.each([...models].map((model) => [model.name, model] as const))(
    '%s goes to each target, with the same answers, or is refused',
    async (name, model) => {
      const options = { ...narrow(model), ...(name === 'transformer' && { patchSize: 5 }) };
      const setting = { shape, count: 3, folder: await temporaryFolder() };
      const exported = await untrainedSource(name, options, setting);
      for (const target of targets) {
        for (const call of callsOf(target.name, exported)) await expectAnswers(target.name, exported, call);
      }
    },
  );
});

/** What is not a default, but takes other operations. */
const variants: [name: string, options: object, features: { name: string }][] = [
  ['rnn', { cell: 'gru', depth: 2, units: 8, bidirectional: true }, RAW],
  [
    'stack',
    {
      layers: [
        { type: 'convolution', filters: 3, stride: 2, padding: 'same' },
        { type: 'depthwise-convolution', depthMultiplier: 2, stride: 2, padding: 'same' },
        { type: 'separable-convolution', filters: 4, kernelSize: 2 },
        { type: 'global-average-pooling' },
      ],
    },
    RAW,
  ],
  ['transformer', { width: 8, depth: 1, heads: 2, patchSize: 5, pooling: 'class-token' }, RAW],
  ['mlp', {}, { name: 'pca', ...features.require('pca').options.parse({ pcaComponents: 4 }) }],
  ['mlp', {}, { name: 'hog', ...features.require('hog').options.parse({}) }],
  ['mlp', { hiddenLayers: [] }, { name: 'scattering', ...features.require('scattering').options.parse({}) }],
];

it.each(variants)(
  '%s %o on %o is the same as an ONNX model, a SavedModel, a graph model and a TFLite model',
  async (name, options, shown) => {
    const shape = name === 'rnn' || shown.name === 'scattering' ? small : usual;
    const exported = await untrainedSource(name, options, { shape, shown });
    for (const target of ['onnx', 'savedmodel', 'tfjs']) {
      await expectAnswers(target, exported, { options: {}, nearness: NEARNESS.same });
    }
    await expectAnswers('tflite', exported, { options: { formats: ['float32'] }, nearness: NEARNESS.same });
  },
);

async function expectAnswers(
  name: string,
  exported: Exported,
  { options, nearness, refusal }: Call,
): Promise<void> {
  const target = targets.require(name);
  const { source, images, probabilities } = exported;
  const made = async (): Promise<ExportedModel> =>
    // The options are parsed by this very target's schema.
    target.export(source, target.options.parse(options) as never, await temporaryFolder());
  if (refusal !== undefined) {
    const { hint } = await toolkitError(refusal, made());
    expect(hint).not.toBe('');
    return;
  }
  const model = await made();
  for (const variant of model.variants ?? [{ ...model, name: 'only' }]) {
    const allowed = variant.name === 'float16' || variant.name === 'int8' ? NEARNESS[variant.name] : nearness;
    expectClose(await variant.classify(images), probabilities, 0, allowed);
  }
  await model.dispose();
}
