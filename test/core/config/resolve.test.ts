import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { fieldsOf, flagOf, parseText } from '../../../src/core/config/fields.js';
import { environmentLayer, fileLayer, flagLayer } from '../../../src/core/config/layers.js';
import {
  allFields,
  DEFAULT_ORIGIN,
  resolveOptions,
  withDefaults,
  type Layer,
  type Resolution,
} from '../../../src/core/config/resolve.js';
import { Registry } from '../../../src/core/registry.js';
import { models } from '../../../src/models/index.js';
import { optimizers } from '../../../src/training/optimizers/index.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const shapes = new Registry('shape', [
  {
    name: 'circle',
    summary: 'round',
    options: z.strictObject({ radius: z.number().positive().default(1), filled: z.boolean().default(false) }),
  },
  {
    name: 'polygon',
    summary: 'with corners',
    options: z.strictObject({
      sides: z.array(z.int().min(1).max(9)).default([3, 4, 5]),
      filled: z.boolean().default(true),
    }),
  },
]);

const space = {
  fields: z.strictObject({
    epochs: z.int().min(1).default(10).meta({ description: 'passes' }),
    learningRate: z.number().positive().max(1000).default(0.1),
    dataset: z.string().default('mnist'),
    device: z.enum(['auto', 'cpu', 'gpu']).default('auto'),
    json: z.boolean().default(false),
    run: z.string().optional(),
  }),
  choices: { shape: { registry: shapes, fallback: 'circle', description: 'what is drawn' } },
};

type Values = Record<string, unknown>;
const resolve = (...layers: Layer[]): Resolution<typeof space> => resolveOptions(space, layers);
const environmentOf = (variables: NodeJS.ProcessEnv): Layer => environmentLayer(allFields(space), variables);

async function fileOf(content: unknown): Promise<Layer & { path: string }> {
  const path = join(await temporaryFolder(), 'config.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { ...(await fileLayer(path)), path };
}

describe('precedence', () => {
  it('is flag, environment, file, default, and each origin is known', async () => {
    const file = await fileOf({ epochs: 3, learningRate: 0.3, dataset: 'file' });
    const environment = environmentOf({ MNIST_EPOCHS: '2', MNIST_LEARNING_RATE: '0.2' });
    const { values, origins } = resolve(flagLayer({ epochs: 1 }), environment, file);
    expect(values).toMatchObject({ epochs: 1, learningRate: 0.2, dataset: 'file', device: 'auto' });
    expect(origins.get('epochs')).toBe('the command line');
    expect(origins.get('learningRate')).toBe('the environment');
    expect(origins.get('dataset')).toBe(file.path);
    expect(origins.get('device')).toBe(DEFAULT_ORIGIN);
  });

  it('passes over what is undefined, and empty variables', () => {
    const { values } = resolve(
      flagLayer({ epochs: undefined }),
      environmentOf({ MNIST_EPOCHS: '', MNIST_OTHER: 'x' }),
    );
    expect(values.epochs).toBe(10);
  });

  it('leaves an option without default and value out', () => {
    expect(resolve().values.run).toBeUndefined();
    expect(resolve(flagLayer({ run: 'first' })).values.run).toBe('first');
  });
});

describe('a plug-in', () => {
  it('comes with its own options and defaults', () => {
    expect(resolve().values.shape).toEqual({ name: 'circle', radius: 1, filled: false });
    const { values, flat } = resolve(flagLayer({ shape: 'polygon', sides: [7] }));
    expect(values.shape).toEqual({ name: 'polygon', sides: [7], filled: true });
    expect(flat).toMatchObject({ shape: 'polygon', sides: [7], filled: true, epochs: 10 });
  });

  it('named by a flag drops the options that a file has for another', async () => {
    const file = await fileOf({ shape: 'circle', radius: 5, filled: true, epochs: 3 });
    const { values } = resolve(flagLayer({ shape: 'polygon' }), file);
    expect(values).toMatchObject({ shape: { name: 'polygon', sides: [3, 4, 5], filled: true }, epochs: 3 });
    expect(values.shape).not.toHaveProperty('radius');
  });

  it('named by a flag reports what a file has for another, where its own options of that name differ', async () => {
    const file = await fileOf({ shape: 'circle', radius: 5, filled: false });
    const { leftOut } = resolve(flagLayer({ shape: 'polygon' }), file);
    expect(leftOut).toEqual([
      {
        option: 'filled',
        value: false,
        origin: file.path,
        meantFor: '--shape circle',
        chosen: '--shape polygon',
        used: true,
      },
    ]);
    expect(resolve(flagLayer({ shape: 'polygon', filled: false }), file).leftOut).toEqual([]);
    expect(resolve(flagLayer({ shape: 'circle' }), file).leftOut).toEqual([]);
    const same = await fileOf({ shape: 'circle', filled: true });
    expect(resolve(flagLayer({ shape: 'polygon' }), same).leftOut).toEqual([]);
  });

  it('named by a flag keeps the options that a file has for it', async () => {
    const file = await fileOf({ shape: 'circle', radius: 5 });
    expect(resolve(flagLayer({ shape: 'circle' }), file).values.shape).toMatchObject({ radius: 5 });
  });

  it('refuses an option of another, and lists its own', async () => {
    const error = await toolkitError('OPTION_NOT_APPLICABLE', () =>
      resolve(flagLayer({ shape: 'circle', sides: [3] })),
    );
    expect(error.message).toBe('--sides (from the command line) does not apply to --shape circle');
    expect(error.hint).toBe('--shape circle has --radius, --filled');
    await toolkitError('OPTION_NOT_APPLICABLE', () => resolve(environmentOf({ MNIST_SIDES: '3' })));
    const file = await fileOf({ shape: 'circle' });
    await toolkitError('OPTION_NOT_APPLICABLE', () => resolve(flagLayer({ sides: [3] }), file));
  });

  it('that is unknown is refused, with the one that was meant', async () => {
    const error = await toolkitError('OPTION_INVALID', () => resolve(flagLayer({ shape: 'circel' })));
    expect(error.message).toBe(
      '--shape is "circel" (from the command line), but must be one of circle, polygon (did you mean circle?)',
    );
    await toolkitError('OPTION_INVALID', () => resolve(flagLayer({ shape: 7 })));
    await toolkitError('OPTION_INVALID', () => resolve(flagLayer({ shape: 'toString' })));
  });
});

describe('an option that has an effect with others alone', () => {
  const paper = {
    fields: z.strictObject({
      border: z
        .number()
        .default(1)
        .meta({ description: '', onlyWith: { options: ['paper', 'frame'] } }),
      name: z
        .string()
        .optional()
        .meta({ description: '', onlyWith: { options: ['shape'], values: ['polygon'] } }),
      paper: z.string().optional(),
      frame: z.boolean().default(false),
    }),
    choices: space.choices,
  };
  const draw = (...layers: Layer[]): Record<string, unknown> => resolveOptions(paper, layers).values;

  it.each([
    [{ border: 3 }, '--border has no effect without --paper or --frame'],
    [{ border: 3, frame: false }, '--border has no effect without --paper or --frame'],
    [{ name: 'first' }, '--name has no effect without --shape polygon'],
    [{ name: 'first', shape: 'circle' }, '--name has no effect without --shape polygon'],
  ])('is refused without them: %j', async (values, message) => {
    const error = await toolkitError('USAGE', () => draw(flagLayer(values)));
    expect(error.message).toBe(message);
    expect(error.hint).toContain('or leave out --');
  });

  it.each([
    { border: 3, frame: true },
    { border: 3, paper: 'a4' },
    { name: 'first', shape: 'polygon' },
    { border: 1 },
  ])('is taken with one of them, and where it is the default: %j', (values) => {
    expect(draw(flagLayer(values))).toMatchObject({ border: values.border ?? 1 });
  });

  it('is passed over where a file or the environment sets it: it may be meant for another command', async () => {
    const environment = environmentLayer(allFields(paper), { MNIST_NAME: 'first' });
    expect(draw(await fileOf({ border: 3 }), environment)).toMatchObject({ border: 3, name: 'first' });
  });

  it('is taken where the other is in a file', async () => {
    expect(draw(flagLayer({ border: 3 }), await fileOf({ frame: true }))).toMatchObject({ border: 3 });
  });
});

describe('an unknown key', () => {
  it.each([
    ['file', { epocs: 1 }, /unknown option epocs \(from .*config\.json\)/, 'did you mean epochs?'],
    ['file', { learning_rate: 1 }, /learning_rate/, 'did you mean learningRate?'],
    ['file', { completelyElse: 1 }, /completelyElse/, '--help lists the options'],
    ['file', '{"__proto__":{"epochs":1}}', /__proto__/, '--help lists the options'],
    ['flags', { epocs: 1 }, /unknown option --epocs \(from the command line\)/, 'did you mean --epochs?'],
    ['flags', { learnigRate: 1 }, /--learnig-rate/, 'did you mean --learning-rate?'],
  ])('in a %s is refused: %j', async (place, content, message, hint) => {
    const layer = place === 'file' ? await fileOf(content) : flagLayer(content as Values);
    const error = await toolkitError('OPTION_UNKNOWN', () => resolve(layer));
    expect(error.message).toMatch(message);
    expect(error.hint).toBe(hint);
  });

  it('of another command is passed over in a file', async () => {
    const { path } = await fileOf({ epochs: 3, port: 80 });
    expect(resolve(await fileLayer(path, new Set(['port']))).values.epochs).toBe(3);
  });
});

describe('an invalid value', () => {
  it.each<[Values, string]>([
    [{ epochs: 0 }, '--epochs is 0 (from the command line), but must be a whole number from 1'],
    [{ epochs: 1.5 }, '--epochs is 1.5 (from the command line), but must be a whole number from 1'],
    [{ epochs: 'ten' }, '--epochs is "ten" (from the command line), but must be a whole number from 1'],
    [{ epochs: Infinity }, '--epochs is Infinity (from the command line), but must be a whole number from 1'],
    [{ epochs: null }, '--epochs is null (from the command line), but must be a whole number from 1'],
    [
      { learningRate: 0 },
      '--learning-rate is 0 (from the command line), but must be a number above 0 and up to 1000',
    ],
    [
      { learningRate: NaN },
      '--learning-rate is NaN (from the command line), but must be a number above 0 and up to 1000',
    ],
    [
      { device: 'tpu' },
      '--device is "tpu" (from the command line), but must be one of auto, cpu, gpu (did you mean cpu?)',
    ],
    [{ json: 'yes' }, '--json is "yes" (from the command line), but must be true or false'],
    [{ dataset: 7 }, '--dataset is 7 (from the command line), but must be text'],
    [{ radius: -1 }, '--radius is -1 (from the command line), but must be a number above 0'],
    [
      { shape: 'polygon', sides: [3, 10] },
      '--sides is [3,10] (from the command line), but must be a list, each a whole number from 1 to 9',
    ],
  ])('%j is refused with all that one has to know', async (values, message) => {
    const error = await toolkitError('OPTION_INVALID', () => resolve(flagLayer(values)));
    expect(error.message).toBe(message);
    expect(error.hint).toMatch(/^change (--[a-z-]+)$/);
    expect(message).toContain(/--[a-z-]+/.exec(error.hint)![0]);
    expect(error.exitCode).toBe(2);
  });

  it('is named as it is written where it came from', async () => {
    const environment = await toolkitError('OPTION_INVALID', () =>
      resolve(environmentOf({ MNIST_LEARNING_RATE: 'x' })),
    );
    expect(environment.message).toMatch(/^MNIST_LEARNING_RATE is "x" \(from the environment\)/);
    const layer = await fileOf({ learningRate: 'x' });
    const file = await toolkitError('OPTION_INVALID', () => resolve(layer));
    expect(file.message).toMatch(/^learningRate is "x" \(from .*config\.json\)/);
  });
});

it('withDefaults fills in what is missing or undefined, and nothing else', () => {
  const fields = z.strictObject({
    size: z.int().default(28),
    seed: z.int().default(1),
    name: z.string().optional(),
  });
  expect(withDefaults(fields, {})).toEqual({ size: 28, seed: 1 });
  expect(withDefaults(fields, { size: undefined, seed: 7, name: 'x' })).toEqual({
    size: 28,
    seed: 7,
    name: 'x',
  });
});

it('the result is frozen, to the bottom', () => {
  const { values, flat } = resolve(flagLayer({ shape: 'polygon' }));
  const shape = values.shape as unknown as { sides: number[] };
  expect(() => Object.assign(values, { epochs: 1 })).toThrow(TypeError);
  expect(() => Object.assign(shape, { name: 'circle' })).toThrow(TypeError);
  expect(() => shape.sides.push(1)).toThrow(TypeError);
  expect(() => Object.assign(flat, { epochs: 1 })).toThrow(TypeError);
});

describe('a file', () => {
  it.each([
    ['not JSON', '{"epochs": 3,}', /not JSON/],
    ['empty', '', /not JSON/],
    ['a list', '[1]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['a number', '3', /not a JSON object/],
  ])('that is %s is refused', async (_, content, reason) => {
    const error = await toolkitError('CONFIG_UNREADABLE', fileOf(content));
    expect(error.message).toMatch(reason);
  });

  it('may begin with a byte-order mark', async () => {
    expect((await fileOf('\uFEFF{"epochs": 3}')).values).toEqual({ epochs: 3 });
  });

  it('that is not there, or a folder, is refused', async () => {
    const folder = await temporaryFolder();
    const missing = await toolkitError('CONFIG_UNREADABLE', fileLayer(join(folder, 'none.json')));
    expect(missing.message).toMatch(/none\.json: not found/);
    await toolkitError('CONFIG_UNREADABLE', fileLayer(folder));
  });
});

describe('parseText', () => {
  it.each([
    ['number', '3', 3],
    ['number', '1e-3', 0.001],
    ['number', '', ''],
    ['number', ' ', ' '],
    ['number', '3x', '3x'],
    ['number', 'NaN', 'NaN'],
    ['boolean', 'true', true],
    ['boolean', '0', false],
    ['boolean', 'yes', 'yes'],
    ['boolean', 'toString', 'toString'],
    ['list', '128, 64', [128, 64]],
    ['list', '', []],
    ['texts', '7, 0-4,zero', ['7', '0-4', 'zero']],
    ['list', '1,,2', [1, '', 2]],
    ['text', '7', '7'],
    ['mixed', '7', 7],
    ['mixed', 'auto', 'auto'],
  ] as const)('reads a %s from "%s"', (kind, text, expected) => {
    expect(parseText({ kind }, text)).toEqual(expected);
  });
});

it('flagOf and fieldsOf write an option as people do', () => {
  expect(flagOf('learningRate')).toBe('--learning-rate');
  const fields = fieldsOf(space.fields);
  expect(fields.get('learningRate')).toMatchObject({
    variable: 'MNIST_LEARNING_RATE',
    kind: 'number',
    fallback: 0.1,
    placeholder: 'N',
  });
  expect(fields.get('epochs')).toMatchObject({ description: 'passes', allowed: 'a whole number from 1' });
});

it('every option of every registered plug-in is described, and its default is allowed', () => {
  for (const { name, options } of [...models, ...optimizers]) {
    for (const field of fieldsOf(options).values()) {
      expect(`${name}.${field.key}: ${field.description}`).toMatch(/: .{5,}/);
    }
    expect(options.safeParse({}).success).toBe(true);
  }
});
