import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { loadPluginsOf } from '../../../src/cli/plugins.js';
import type { HelpRequested } from '../../../src/cli/help.js';
import { shapeOf } from '../../../src/cli/shape-of.js';
import { parseArguments } from '../../../src/cli/arguments.js';
import { trainCommand } from '../../../src/cli/commands/train.js';
import { resolveSettings } from '../../../src/cli/settings.js';
import type { Presentation } from '../../../src/cli/command.js';
import type { ErrorCode } from '../../../src/core/errors.js';
import { callerLayer } from '../../../src/core/config/layers.js';
import { loadPlugin } from '../../../src/core/plugins/load.js';
import { loadNamedPlugins } from '../../../src/core/plugins/named-plugins.js';
import { hashSources } from '../../../src/core/plugins/source-hash.js';
import { recordOf, requireRecorded } from '../../../src/core/plugins/records.js';
import { models } from '../../../src/models/index.js';
import type { ModelDefinition } from '../../../src/models/model.js';
import { trainSpace } from '../../../src/stages/train/train-options.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

let count = 0;

/** A definition of a model as text, whose name nothing else has. */
function modelText({
  name = `made-up-${++count}`,
  options = '',
  build = '{ return { description: "", parameters: [], apply: (images) => { throw new Error("no weights"); } }; }',
  more = '',
} = {}): string {
  return `import { z } from 'zod';
${more}
export default {
  kind: 'model',
  name: '${name}',
  summary: 'made up for a test',
  source: '2026',
  options: z.strictObject({ ${options} }),
  build(options, task) ${build},
};
`;
}

async function pluginFile(text: string, name = 'mine.mjs'): Promise<string> {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, text);
  return file;
}

/** What a command line becomes, as far as the settings. */
async function settingsOf(words: string[], environment: NodeJS.ProcessEnv = {}) {
  await loadPluginsOf(trainCommand, words, environment);
  const parsed = parseArguments('train', shapeOf(trainCommand), words);
  const presentation = { config: undefined } as Presentation;
  return (await resolveSettings(trainCommand, parsed, presentation, environment)).flat;
}

const home = process.cwd();
afterEach(() => {
  process.chdir(home);
});

const width = `netWidth: z.int().min(1).default(3).meta({ description: 'units' })`;

describe('a model in a file', () => {
  it('is chosen by its path, with its options as flags, validated', async () => {
    const file = await pluginFile(modelText({ name: 'by-path', options: width }));
    expect(await settingsOf(['--model', file, '--net-width', '5'])).toMatchObject({
      model: 'by-path',
      netWidth: 5,
    });
    expect(await settingsOf([`--model=${file}`])).toMatchObject({ netWidth: 3 });
    const { message } = await toolkitError(
      'OPTION_INVALID',
      settingsOf(['--model', file, '--net-width', '0']),
    );
    expect(message).toContain('--net-width is 0');
  });

  it('is chosen by the environment, or by its name once it is loaded', async () => {
    const file = await pluginFile(modelText({ name: 'by-variable' }));
    expect(await settingsOf([], { MNIST_MODEL: file })).toMatchObject({ model: 'by-variable' });
    const other = await pluginFile(modelText({ name: 'by-name' }));
    expect(await settingsOf(['--plugin', other, '--model', 'by-name'])).toMatchObject({ model: 'by-name' });
  });

  it('is chosen in a configuration file', async () => {
    const file = await pluginFile(modelText({ name: 'configured', options: width }));
    const config = await pluginFile(JSON.stringify({ model: file, netWidth: 7 }), 'config.json');
    await loadPluginsOf(trainCommand, ['--config', config], {});
    expect(models.names).toContain('configured');
  });

  it('is in the help', async () => {
    const file = await pluginFile(modelText({ name: 'helpful', options: width }));
    const words = ['--model', file, '--help'];
    await loadPluginsOf(trainCommand, words, {});
    let help = '';
    try {
      parseArguments('train', shapeOf(trainCommand), words, 110);
    } catch (error) {
      help = (error as HelpRequested).text;
    }
    expect(help).toMatch(/Options for --model .*helpful/);
    expect(help).toMatch(/--net-width <N>\s+units \(whole number from 1/);
  });
});

describe('a saved model in the place of a model', () => {
  /** What layers of settings set, those of the highest precedence first. */
  const placed = async (...given: Record<string, unknown>[]): Promise<Record<string, unknown>> => {
    const layers = await loadNamedPlugins(trainSpace, given.map(callerLayer));
    return Object.assign({}, ...layers.map(({ values }) => values).reverse()) as Record<string, unknown>;
  };

  it('is what training begins with', async () => {
    expect(await placed({ model: './model.json', epochs: 2 })).toEqual({
      initFrom: './model.json',
      epochs: 2,
    });
    expect(await placed({ epochs: 2 }, { model: 'net.KERAS' })).toEqual({ initFrom: 'net.KERAS', epochs: 2 });
  });

  it('counts no more than another model that is named there', async () => {
    expect(await placed({ model: 'cnn' }, { model: './model.json' })).toEqual({ model: 'cnn' });
  });

  it('is refused beside other weights', async () => {
    const { message } = await toolkitError('USAGE', placed({ model: './net.h5' }, { initFrom: 'run' }));
    expect(message).toBe('model ./net.h5 is a model with weights, and initFrom names others');
  });
});

describe('a package', () => {
  const packaged = async (manifest: object): Promise<void> => {
    const folder = await temporaryFolder();
    const place = join(folder, 'node_modules', 'my-models');
    await mkdir(place, { recursive: true });
    const name = `packaged-${++count}`;
    await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module', ...manifest }));
    // A package of its own, without dependencies: the options come from outside.
    const text = modelText({ name }).replace(
      /import .*\n/,
      `import { z } from '${join(home, 'node_modules/zod/index.js')}';\n`,
    );
    await writeFile(join(place, 'main.js'), text);
    process.chdir(folder);
  };

  it('is found by its name', async () => {
    await packaged({ exports: { '.': { import: './main.js' } }, keywords: ['mnist-train-plugin'] });
    expect(await settingsOf(['--model', 'my-models'])).toMatchObject({ model: `packaged-${count}` });
  });

  it('is not run unless it says that it is a plug-in', async () => {
    await packaged({ main: 'main.js' });
    const { message, hint } = await toolkitError('PLUGIN_REFUSED', settingsOf(['--model', 'my-models']));
    expect(message).toContain('the package does not say that it is one');
    expect(hint).toContain('mnist-train-plugin');
    expect(models.get(`packaged-${count}`)).toBeUndefined();
  });

  it('that is not there is an unknown model', async () => {
    await toolkitError('OPTION_INVALID', settingsOf(['--model', 'no-such-model']));
  });
});

describe('a plug-in that cannot be used', () => {
  it.each<[string, string, RegExp, ErrorCode?]>([
    ['without a definition', 'export const three = 3;', /it exports no definition/],
    ['with a name that is ours', modelText({ name: 'mlp' }), /the name mlp is taken by a built-in model/],
    ['with a name that is none', modelText({ name: 'My Net' }), /its name is "My Net"/],
    [
      'with an option that the command has',
      modelText({ options: `epochs: z.int().default(1).meta({ description: 'units' })` }),
      /its option epochs is already an option of this command/,
    ],
    [
      'with an option for output',
      modelText({ options: `json: z.int().default(1).meta({ description: 'units' })` }),
      /its option json is already an option/,
    ],
    [
      'with an option of another type than ours',
      modelText({ options: `filters: z.int().default(1).meta({ description: 'units' })` }),
      /its option filters is of another type for --model cnn/,
    ],
    [
      'with an option without a description',
      modelText({ options: `other: z.int().default(1)` }),
      /option other of made-up-\d+ has no description/,
    ],
    [
      'with an option without a default',
      modelText({ options: `other: z.int().meta({ description: 'units' })` }),
      /option other of made-up-\d+ has no default/,
    ],
    [
      'that is no JavaScript',
      '\n\nexport default {\n  name: = 3\n}',
      /mine\.mjs:4(:\d+)?: the plug-in failed: /,
      'PLUGIN_FAILED',
    ],
    [
      'that throws',
      `\n\nthrow new RangeError('too far');`,
      /mine\.mjs:3:7: the plug-in failed: RangeError: too far/,
      'PLUGIN_FAILED',
    ],
    ['with an import that is missing', `import './gone.mjs';`, /it cannot be read: ENOENT/],
  ])('%s', async (_, text, message, code = 'PLUGIN_REFUSED') => {
    const file = await pluginFile(text);
    const error = await toolkitError(code, settingsOf(['--model', file]));
    expect(error.message).toMatch(message);
  });

  it('because there is no such file', async () => {
    const { message } = await toolkitError('PLUGIN_REFUSED', settingsOf(['--model', './gone.mjs']));
    expect(message).toBe('./gone.mjs: not a usable plug-in: there is no such file');
  });

  it('because it is no program', async () => {
    const { message, hint } = await toolkitError('PLUGIN_REFUSED', loadPlugin('./net.onnx'));
    expect(message).toContain('not a program');
    expect(hint).toContain('mnist train --model FILE');
  });

  it('because it has changed since it was loaded', async () => {
    const file = await pluginFile(modelText());
    await loadPlugin(file);
    await writeFile(file, modelText());
    const { message } = await toolkitError('PLUGIN_REFUSED', loadPlugin(file));
    expect(message).toContain('it has changed since this process loaded it');
  });
});

describe('a plug-in that fails later', () => {
  it('says so by file and line, in its function and in what that returns', async () => {
    const build = `{
    if (task.classes === 1) throw new TypeError('one class');
    return { description: '', parameters: [], apply() { return images.missing; } };
  }`;
    const name = 'failing';
    const file = await pluginFile(modelText({ name, build }));
    await loadPlugin(file);
    const definition = models.require(name) as unknown as ModelDefinition;
    const shape = { height: 2, width: 2, channels: 1 };
    expect(() => definition.build({}, { shape, classes: 1 })).toThrow(
      `${file}:10:35: the plug-in failed: TypeError: one class`,
    );
    const model = definition.build({}, { shape, classes: 2 });
    expect(() => model.apply({} as never, new Map())).toThrow(
      /mine\.mjs:11:57: the plug-in failed: ReferenceError: images is not defined/,
    );
  });

  it('says so of a class’s methods and of promises', async () => {
    const build = `{ return new Net(); }`;
    const more = `class Net {
  #secret = 'private';
  description = '';
  apply() { throw new Error(this.#secret); }
  async embedding() { throw new Error('later'); }
}`;
    const file = await pluginFile(modelText({ name: 'of-a-class', build, more }));
    await loadPlugin(file);
    const definition = models.require('of-a-class') as unknown as ModelDefinition;
    const net = definition.build({}, {} as never) as unknown as Record<string, () => unknown>;
    expect(() => net['apply']!()).toThrow(/mine\.mjs:5:19: the plug-in failed: Error: private/);
    await expect(net['embedding']!()).rejects.toThrow(/mine\.mjs:6:\d+: the plug-in failed: Error: later/);
  });
});

describe('what a checkpoint records', () => {
  it('is a hash of the file and of what it imports', async () => {
    const file = await pluginFile(
      `import { a } from './a.mjs'; export { b } from "./b.mjs"; import './data.json' with { type: 'json' };`,
    );
    const beside = (name: string): string => join(file, '..', name);
    await writeFile(beside('a.mjs'), `import './b.mjs'; export const a = 1;`);
    await writeFile(beside('b.mjs'), `export const b = 1;`);
    await writeFile(beside('data.json'), '{}');
    const { files, sha256 } = await hashSources(file);
    expect(files.map((path) => path.split('/').at(-1)).sort()).toEqual([
      'a.mjs',
      'b.mjs',
      'data.json',
      'mine.mjs',
    ]);
    await writeFile(beside('b.mjs'), `export const b = 2;`);
    expect((await hashSources(file)).sha256).not.toBe(sha256);
  });

  it('must be what is loaded', async () => {
    const file = await pluginFile(modelText({ name: 'recorded' }));
    await loadPlugin(file);
    const record = recordOf('model', 'recorded')!;
    expect(record).toEqual({
      kind: 'model',
      name: 'recorded',
      module: file,
      sha256: (await hashSources(file)).sha256,
    });
    expect(() => {
      requireRecorded('x', [record], 'model', 'recorded');
    }).not.toThrow();
    const other = { ...record, sha256: '0'.repeat(64) };
    expect(() => {
      requireRecorded('x', [other], 'model', 'recorded');
    }).toThrow(/made with another version of .*SHA-256 000000000000/);
    await loadPlugin(file, { acceptsChanges: true });
    expect(() => {
      requireRecorded('x', [other], 'model', 'recorded');
    }).not.toThrow();
    expect(() => {
      requireRecorded('x', [], 'model', 'recorded');
    }).toThrow(/its model "recorded" is not that of/);
    expect(() => {
      requireRecorded('x', [], 'model', 'mlp');
    }).not.toThrow();
  });

  it('loads nothing, and is asked for with an option', async () => {
    const file = await pluginFile(`globalThis.isRun = true;\n${modelText({ name: 'hostile' })}`);
    const record = { kind: 'model', name: 'hostile', module: file, sha256: (await hashSources(file)).sha256 };
    expect(() => {
      requireRecorded('x', [record], 'model', 'hostile');
    }).toThrow(
      expect.objectContaining({
        code: 'PLUGIN_NEEDED',
        hint: expect.stringContaining(`add --plugin ${file} if you trust it`) as string,
      }),
    );
    const tricky = { ...record, module: './a.mjs --runtime ./evil' };
    expect(() => {
      requireRecorded('x', [tricky], 'model', 'hostile');
    }).toThrow(/comes from a plug-in \(FILE\)/);
    expect('isRun' in globalThis).toBe(false);
  });
});
