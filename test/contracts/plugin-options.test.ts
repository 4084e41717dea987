import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  add,
  mul,
  tensor,
  tensor1d,
  tensor2d,
  tensor4d,
  tidy,
  type Rank,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { readManifest } from '../../src/artifacts/manifest.js';
import type { Configurable } from '../../src/core/config/resolve.js';
import { isToolkitError } from '../../src/core/errors.js';
import { sha256 } from '../../src/core/hashing.js';
import type { ImageShape } from '../../src/core/images.js';
import { Random } from '../../src/core/random.js';
import { canRunSeal } from '../../src/deployment/encrypted/load-seal.js';
import { targets } from '../../src/deployment/targets/index.js';
import { explainers } from '../../src/evaluation/explanation/index.js';
import type { Explain } from '../../src/evaluation/explanation/explainer.js';
import { collect, deploy, train } from '../../src/index.js';
import { augmentation } from '../../src/models/augmentation/augment.js';
import { mixing } from '../../src/models/augmentation/mixing.js';
import { mixingFields } from '../../src/models/augmentation/mixing-options.js';
import { augmentationFields } from '../../src/models/augmentation/options.js';
import { features } from '../../src/models/features/index.js';
import type { FeatureDefinition } from '../../src/models/features/feature.js';
import { models } from '../../src/models/index.js';
import { layerSettings } from '../../src/models/layers/settings.js';
import { mlp } from '../../src/models/mlp.js';
import type { Model, ModelDefinition, ParameterSpec } from '../../src/models/model.js';
import { losses } from '../../src/training/losses/index.js';
import type { LossDefinition } from '../../src/training/losses/loss.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import type { OptimizerDefinition } from '../../src/training/optimizers/optimizer.js';
import { schedules } from '../../src/training/schedules/index.js';
import type { ScheduleDefinition } from '../../src/training/schedules/schedule.js';
import { startOnCpu } from '../support/backends.js';
import { scalarsOf } from '../support/coefficients.js';
import { toolkitError } from '../support/errors.js';
import { narrow } from '../support/narrow.js';
import { otherValues } from '../support/other-values.js';
import { drawings } from '../support/small-drawings.js';
import { trainingPass } from '../support/training-pass.js';

/*
 * Every option of every plug-in changes what the plug-in does. New plug-ins and new options are tested without another line here, unless
 * their values cannot be made up from a schema.
 */

beforeAll(() => startOnCpu('tensorflow'));

type Options = Record<string, unknown>;

/** What a plug-in does with some options, in a form that can be compared. */
type Behaviour = (options: Options) => unknown;

/** Values of options that no schema can make up. */
const chosen: Record<string, unknown[]> = {
  layers: [[{ type: 'flatten' }, { type: 'dense', units: 3 }]],
  nodes: [
    [
      { type: 'flatten', name: 'flat' },
      { type: 'dense', name: 'head', units: 'classes' },
    ],
  ],
  image: ['another:2'],
  memory: ['8Gi'],
  epochs: [7],
  widthMultiplier: [0.25],
  // Not the check itself: Microsoft SEAL does not run on every Node.js.
  checkImages: [0],
  formats: [['float32']],
  scatteringMeanNoise: [8],
};

/** Options that others need to have an effect. */
function needed({ shape }: z.ZodObject, option: string): Options {
  const { onlyWith } = ((shape as Record<string, z.ZodType>)[option]?.meta() ?? {}) as {
    onlyWith?: { options: string[] };
  };
  const conditions = (onlyWith?.options ?? []).map((name) => [name, true]);
  const decay = 'weightDecay' in shape ? { weightDecay: 0.1 } : {};
  return { ...decay, ...(Object.fromEntries(conditions) as Options) };
}

/** Whether some other value of an option changes what a plug-in does; values that do not fit the others are passed over. */
async function hasEffect(schema: z.ZodObject, option: string, behaviour: Behaviour): Promise<boolean> {
  const base = { ...narrow({ options: schema }), ...needed(schema, option) };
  const before = JSON.stringify(await behaviour(schema.parse(base)));
  expect(JSON.stringify(await behaviour(schema.parse(base)))).toBe(before);
  const values = chosen[option] ?? otherValues((schema.shape as Record<string, z.ZodType>)[option]!);
  for (const value of values) {
    try {
      if (JSON.stringify(await behaviour(schema.parse({ ...base, [option]: value }))) !== before) return true;
    } catch (error) {
      if (!isToolkitError(error)) throw error;
    }
  }
  return false;
}

/** Tests each option of the plug-ins of a registry. */
function describeOptions<Entry extends Configurable>(
  registry: Iterable<Entry> & { kind: string },
  behaviourOf: (entry: Entry) => Behaviour,
): void {
  const cases = [...registry].flatMap((entry) =>
    Object.keys(entry.options.shape).map((option) => [entry.name, option, entry] as const),
  );
  describe(`the ${registry.kind} registry`, () => {
    it.each(cases)('%s: %s changes something', async (_, option, entry) => {
      expect(await hasEffect(entry.options, option, behaviourOf(entry))).toBe(true);
    });
  });
}

const hashOf = (values: ArrayLike<number>): string =>
  sha256(new Uint8Array(Float32Array.from(values).buffer));

/** Images of noise, scaled to −1…1. */
function noise(count: number, { height, width, channels }: ImageShape): Tensor4D {
  const random = new Random(2, 'noise');
  const values = Float32Array.from(
    { length: count * height * width * channels },
    () => 2 * random.uniform() - 1,
  );
  return tensor4d(values, [count, height, width, channels]);
}

function initialValues(
  parameters: readonly ParameterSpec[],
): [name: string, values: Float32Array, shape: number[]][] {
  return parameters.map(({ name, shape, initialValue }, index) => [
    name,
    initialValue(new Random(1, 'initial', index)),
    [...shape],
  ]);
}

/** A model's parameters at the start, what it makes of images in training, and the statistics that it keeps. */
function passOf(model: Model, shape: ImageShape): unknown {
  const initial = initialValues(model.parameters);
  return tidy(() => {
    const values = new Map(initial.map(([name, data, sizes]) => [name, tensor<Rank>(data, sizes)]));
    const { pass, updates } = trainingPass(3, 1);
    const logits = [...model.apply(noise(3, shape), values, pass).dataSync()];
    const kept = [...updates].map(([name, value]) => [name, hashOf(value.dataSync())]);
    return [initial.map(([name, data, sizes]) => [name, hashOf(data), sizes]), hashOf(logits), kept];
  });
}

const SHAPE = { height: 28, width: 28, channels: 1 };

describeOptions(models, (entry) => (options) => {
  const definition = entry as unknown as ModelDefinition;
  return passOf(definition.build(options, { shape: SHAPE, classes: 3 }), SHAPE);
});

describeOptions(features, (entry) => (options) => {
  const definition = entry as unknown as FeatureDefinition;
  const shape = { height: 12, width: 12, channels: 1 };
  const count = 150;
  const random = new Random(4, 'pixels');
  const pixels = Uint8Array.from({ length: count * 144 }, () => random.integer(256));
  const fitted = definition.fit?.(options, {
    images: { count, shape, pixels, labels: new Uint8Array(count) },
    indices: Int32Array.from({ length: count }, (_, index) => index),
    scaling: { scale: 2 / 255, offset: -1 },
    seed: 1,
  });
  const extractor = definition.build(options, shape, fitted)!;
  return tidy(() => {
    const values = new Map(
      initialValues(extractor.parameters).map(([name, data, sizes]) => [name, tensor<Rank>(data, sizes)]),
    );
    // A mean is zeros until there are training images to estimate it from.
    const centering = JSON.stringify(extractor.centering);
    return `${hashOf(extractor.apply(noise(2, shape), values).dataSync())} ${centering}`;
  });
});

describeOptions(losses, (entry) => (options) => {
  const loss = (entry as unknown as LossDefinition).build(options, undefined);
  const logits = [
    [1, -2, 0.5],
    [0, 3, 1],
  ];
  return tidy(() => [...loss(tensor2d(logits), tensor1d([0, 2], 'int32')).dataSync()]);
});

describeOptions(optimizers, (entry) => (options) => {
  const optimizer = (entry as unknown as OptimizerDefinition).build(options);
  const run = (start: () => Tensor): number[] =>
    tidy(() => {
      let state = {
        parameter: start(),
        slots: optimizer.slots.map(() => mul(start(), 0)) as readonly Tensor[],
      };
      for (let step = 1; step <= 3; step++) {
        // Neither constant nor in proportion to the weights: Adam's steps would not depend on its decays.
        const gradient = add(mul(start(), 0.3), Math.cos(step));
        const coefficients = scalarsOf(optimizer.coefficients(step, optimizer.learningRate));
        state = optimizer.update(state, gradient, coefficients);
      }
      return [...state.parameter.dataSync()];
    });
  return [run(() => tensor1d([1, -2])), run(() => tensor2d([[1, -2]]))];
});

describeOptions(schedules, (entry) => (options) => {
  const schedule = (entry as unknown as ScheduleDefinition).build(options);
  const length = { steps: 60, stepsPerEpoch: 10 };
  const steps = Array.from({ length: length.steps }, (_, step) => step);
  return steps.map((step) => [schedule.factorAt(step, length), schedule.momentumAt?.(step, length) ?? null]);
});

describeOptions(explainers, (entry) => async (options) => {
  const shape = { height: 10, width: 10, channels: 1 };
  const model = mlp.build(mlp.options.parse({ hiddenLayers: [8], activation: 'tanh' }), {
    shape,
    classes: 3,
  });
  const values = new Map(
    initialValues(model.parameters).map(([name, data, sizes]) => [name, tensor(data, sizes)]),
  );
  const explain = (entry as unknown as { build: (options: Options) => Explain }).build(options);
  const { map } = await explain({
    model,
    values,
    shape,
    image: noise(1, shape).dataSync<'float32'>(),
    scaling: { scale: 2 / 255, offset: -1 },
    label: 1,
    random: new Random(1, 'explanation'),
    signal: new AbortController().signal,
  });
  return hashOf(map);
});

describe('the layers of a stack', () => {
  /** What stands before a layer, so that it gets what it can take. */
  const before: Record<string, Options[]> = {
    'group-normalization': [{ type: 'convolution', filters: 20 }],
    dense: [{ type: 'flatten' }],
    positions: [{ type: 'patches' }],
    'self-attention': [{ type: 'patches' }, { type: 'dense', units: 8 }],
    'transformer-block': [{ type: 'patches' }, { type: 'dense', units: 8 }],
    recurrent: [{ type: 'rows' }],
    'sequence-pooling': [{ type: 'rows' }],
  };
  const required: Options = { filters: 4, units: 4, hidden: 6, function: 'relu' };
  const cases = layerSettings.options.flatMap((schema) => {
    const shape = schema.shape as Record<string, z.ZodType>;
    const given = Object.fromEntries(Object.entries(required).filter(([key]) => key in shape));
    return Object.keys(shape)
      .filter((option) => option !== 'type')
      .map((option) => [schema.shape.type.value, option, { schema: shape[option]!, given }] as const);
  });
  const stack = models.require('stack') as unknown as ModelDefinition;

  it.each(cases)('%s: %s changes something', (type, option, { schema, given }) => {
    const behaviour = (more: Options): string => {
      const layers = [...(before[type] ?? []), { type, ...given, ...more }];
      for (const end of [[{ type: 'flatten' }], []]) {
        try {
          const options = stack.options.parse({ layers: [...layers, ...end] });
          return JSON.stringify(passOf(stack.build(options, { shape: SHAPE, classes: 3 }), SHAPE));
        } catch (error) {
          if (!isToolkitError(error)) throw error;
        }
      }
      return 'refused';
    };
    const values = [...otherValues(schema), 2, 5, 0.5, 'tanh'].filter(
      (value) => schema.safeParse(value).success,
    );
    const found = new Set([behaviour({}), ...values.map((value) => behaviour({ [option]: value }))]);
    found.delete('refused');
    expect(behaviour({})).toBe(behaviour({}));
    expect(found.size).toBeGreaterThan(1);
  });
});

describe('augmentation', () => {
  const fields = z.object(augmentationFields);
  const none = fields.parse({});
  const scaling = { scale: 2 / 255, offset: -1 };
  const shape = { height: 12, width: 12, channels: 3 };

  /** What options change images of noise into; of those that need another option, with that one. */
  function changedBy(given: Options): string {
    const change = augmentation({ ...none, ...given }, scaling);
    return tidy(() => {
      const images = noise(4, shape);
      return hashOf((change?.(images, trainingPass(3, 1).pass) ?? images).dataSync());
    });
  }

  it.each(Object.entries(augmentationFields))('%s changes images', (option, schema: z.ZodType) => {
    const needs: Options = Object.fromEntries(
      Object.keys(needed(fields, option))
        .filter((key) => key in none)
        .map((key) => [key, 2]),
    );
    const before = changedBy(needs);
    const changed = otherValues(schema).some((value) => changedBy({ ...needs, [option]: value }) !== before);
    expect(changed).toBe(true);
  });
});

describe('mixing', () => {
  it.each(Object.entries(mixingFields))('%s changes images and labels', (option, schema) => {
    const none = z.object(mixingFields).parse({});
    expect(mixing(none)).toBeUndefined();
    const sharesOf = (value: unknown): unknown[] =>
      [1, 2, 3, 4].map((step) =>
        tidy(() => {
          const [labels, images] = [tensor1d([0, 1, 2, 0], 'int32'), noise(4, SHAPE)];
          const mix = mixing({ ...none, [option]: value })!;
          const mixed = mix(images, labels, trainingPass(3, step).pass);
          const share = mixed.share.dataSync()[0]!;
          // A box may be empty.
          expect(hashOf(mixed.images.dataSync()) !== hashOf(images.dataSync())).toBe(share > 0);
          return share;
        }),
      );
    const found = new Set(otherValues(schema).map((value) => sharesOf(value).join()));
    expect(found.size).toBeGreaterThan(1);
  });
});

describe('the target registry', () => {
  const cases = [...targets].flatMap((target) =>
    Object.keys(target.options.shape).map((option) => [target.name, option, target.options] as const),
  );
  let folder: string;
  let number = 0;

  /** Trains a small model on drawings, in a folder of its own. */
  async function trained(run: string, model: Parameters<typeof train>[0]): Promise<string> {
    const options = { dataset: 'own', dataDir: folder, checkpointsDir: folder, threads: 1 };
    return (await train({ ...options, epochs: 1, ...model, run })).checkpoint;
  }

  /** What a target writes. */
  async function filesOf(checkpoint: string, to: string, options: Options): Promise<unknown> {
    const output = join(folder, `${to}-${number++}`);
    const places = { dataDir: folder, registryDir: join(folder, 'models'), output };
    await deploy(checkpoint, { ...places, threads: 1, to: to as 'web', ...options });
    return (await readManifest(output)).files;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mnist-train-test-'));
    await collect({
      dataset: 'own',
      from: await drawings(join(folder, 'drawings')),
      dataDir: folder,
      size: 8,
    });
    await trained('large', { hiddenLayers: [32] });
    await trained('square-net', { model: 'square-net', filters: [2], denseUnits: 4 });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // The check with encrypted images needs Microsoft SEAL, which Node.js 20 cannot run.
  const canRun = ([, option]: (typeof cases)[number]): boolean => option !== 'checkImages' || canRunSeal();
  it.each(cases.filter(canRun))('%s: %s changes something', async (to, option, schema) => {
    const { models: [run = 'large'] = [] } = targets.require(to);
    const behaviour: Behaviour = (options) => filesOf(join(folder, run), to, options);
    expect(await hasEffect(schema, option, behaviour)).toBe(true);
  });

  it('onnx: a model without weights to quantise is refused', async () => {
    const small = await trained('small', { hiddenLayers: [4] });
    const { message } = await toolkitError('USAGE', filesOf(small, 'onnx', { quantize: 'int8' }));
    expect(message).toContain('--quantize int8 has no effect');
  });
});

it('the check finds an option that changes nothing', async () => {
  const ignoring: Behaviour = ({ hiddenLayers }) => hiddenLayers;
  expect(await hasEffect(mlp.options, 'hiddenLayers', ignoring)).toBe(true);
  expect(await hasEffect(mlp.options, 'activation', ignoring)).toBe(false);
});
