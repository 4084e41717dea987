import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import sharp from 'sharp';
import ts from 'typescript';
import { describe, expect, inject, it } from 'vitest';

import { isCommon, type Command } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { styleFor } from '../../src/cli/terminal/style.js';
import { callerLayer } from '../../src/core/config/layers.js';
import { resolveOptions } from '../../src/core/config/resolve.js';
import { exists } from '../../src/core/files.js';
import { silentContext } from '../../src/core/events.js';
import { backendOptions } from '../../src/engine/backends/options.js';
import { collect } from '../../src/index.js';
import { temporaryFolder } from '../support/folders.js';
import { recordReads } from '../support/recorded-options.js';
import { preparedMnist, writeMnistCheckpoint } from '../support/serving.js';

/*
 * Every option that a command takes is read. Of the commands that compute, each is run with options that note who reads them; of the
 * others, the source is searched for a read of the option's name.
 */

interface Run {
  positionals?: string[];
  options?: Record<string, unknown>;
}

/** Where a command is run. */
interface Place {
  folder: string;
  checkpoint: string;
}

/** Commands that are run, and with what. */
const runs: Record<string, (place: Place) => Promise<Run> | Run> = {
  preprocess: async () => {
    const dataDir = await temporaryFolder();
    await collect({ dataset: 'own', from: await pictures(), dataDir, size: 8 });
    const clean = ['label-errors'];
    return { options: { dataset: 'own', dataDir, clean, folds: 2, shards: 2 } };
  },
  train: () => ({ options: { epochs: 1, hiddenLayers: [4], batchSize: 1000 } }),
  evaluate: ({ checkpoint }) => ({ positionals: [checkpoint], options: { resamples: 0 } }),
  embed: ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { maps: ['pca'], mapImages: 10, output: join(folder, 'embedded.npy') },
  }),
  calibrate: ({ checkpoint }) => ({ positionals: [checkpoint] }),
  deploy: ({ checkpoint }) => ({ positionals: [checkpoint] }),
  predict: async ({ folder, checkpoint }) => ({
    positionals: [checkpoint, await digit(join(folder, 'digit.png'))],
  }),
  explain: ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { index: [1], steps: 2, output: join(folder, 'explained') },
  }),
};

/** Options of the commands that are run that are not read there, and why. */
const unread: Record<string, Record<string, string>> = {
  preprocess: { checkpointsDir: 'every command takes it; there are no runs here' },
  predict: { dataDir: 'every command takes it; pictures come from files' },
  explain: { engine: 'an explanation is computed operation by operation, which both values allow' },
};

async function picture(path: string, size: number, grey = 0): Promise<string> {
  const shape = { width: size, height: size, channels: 3 } as const;
  await sharp({ create: { ...shape, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toFile(path);
  return path;
}

/** A test image of MNIST as a file. */
async function digit(path: string): Promise<string> {
  const { test: images } = await preparedMnist();
  const raw = { width: 28, height: 28, channels: 1 } as const;
  await sharp(images.pixels.subarray(0, 784), { raw }).png().toFile(path);
  return path;
}

/** A folder with two classes of a few images each. */
async function pictures(): Promise<string> {
  const place = await temporaryFolder();
  for (const [label, name] of ['dark', 'light'].entries()) {
    await mkdir(join(place, name));
    for (let at = 0; at < 12; at++) await picture(join(place, name, `${at}.png`), 8, 200 * label + at);
  }
  return place;
}

async function loaded(name: string): Promise<Command> {
  return await commands.find((command) => command.name === name)!.load();
}

/** The options of a command's own, and what computes where it has a choice of that. */
function ownOptions({ space }: Pick<Command, 'space'>, computes: boolean): string[] {
  const fields = Object.keys(space.fields.shape).filter((key) => !isCommon(key));
  const backend = computes ? [...Object.keys(backendOptions), 'dataDir', 'checkpointsDir'] : [];
  return [...fields, ...backend, ...Object.keys(space.choices)];
}

/** Runs a command as it is done for its name, and returns which of its options have been read. */
async function optionsReadBy(name: string, command: Command): Promise<ReadonlySet<string>> {
  const folder = await temporaryFolder();
  const checkpoint = await writeMnistCheckpoint(folder, 'small', 3);
  const { positionals = [], options = {} } = await runs[name]!({ folder, checkpoint });
  const common = { dataDir: inject('dataDir'), checkpointsDir: folder, threads: 1 };
  const places = { registryDir: join(folder, 'models') };
  const known = Object.entries(places).filter(([key]) => key in command.space.fields.shape);
  const layers = [callerLayer({ ...common, ...Object.fromEntries(known), ...options })];
  const resolution = await (command.resolve?.(layers, positionals) ?? resolveOptions(command.space, layers));
  const recorded = recordReads(resolution.values);
  const { text } = await command.run({
    positionals,
    options: recorded.options,
    resolution: { ...resolution, values: recorded.options },
    context: silentContext(),
    commands,
    json: false,
    environment: process.env,
    stdin: process.stdin,
    confirm: undefined,
  });
  // Some options are for what a person reads.
  text(styleFor(process.stdout, false, {}), true, 80);
  return recorded.read;
}

describe('commands that are run', () => {
  it.each(Object.keys(runs))('%s reads every option that it takes', async (name) => {
    const command = await loaded(name);
    const read = await optionsReadBy(name, command);
    const missing = ownOptions(command, true).filter((option) => !read.has(option));
    expect(missing).toEqual(Object.keys(unread[name] ?? {}));
  });
});

describe('commands whose source is searched', () => {
  const searched = commands.map(({ name }) => name).filter((name) => !(name in runs));

  it.each(searched)('%s reads every option that it takes', async (name) => {
    const read = await namesReadFrom(sourceOf(name));
    const missing = ownOptions(await loaded(name), false).filter((option) => !read.has(option));
    expect(missing).toEqual([]);
  });
});

/** The file of a command; one with several files has a folder. */
function sourceOf(name: string): string {
  const file = resolve(`src/cli/commands/${name}.ts`);
  return existsSync(file) ? file : resolve(`src/cli/${name}/command.ts`);
}

/** The names of all properties that a file, or one that it imports, reads; those that say what options there are read none. */
async function namesReadFrom(path: string, seen = new Set<string>()): Promise<Set<string>> {
  const names = new Set<string>();
  if (seen.has(path)) return names;
  seen.add(path);
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    for (const name of namesRead(node)) names.add(name);
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const imported of importedFiles(source, path)) {
    if (!(await exists(imported))) continue;
    for (const name of await namesReadFrom(imported, seen)) names.add(name);
  }
  return names;
}

function namesRead(node: ts.Node): string[] {
  if (ts.isPropertyAccessExpression(node)) return [node.name.text];
  return ts.isObjectBindingPattern(node) ? node.elements.flatMap(nameTaken) : [];
}

function nameTaken({ propertyName, name, dotDotDotToken }: ts.BindingElement): string[] {
  if (dotDotDotToken) return [];
  const taken = propertyName ?? name;
  return ts.isIdentifier(taken) ? [taken.text] : [];
}

function importedFiles(source: ts.SourceFile, path: string): string[] {
  const { importedFiles: imports } = ts.preProcessFile(source.text);
  return imports
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(path), fileName).replace(/\.js$/, '.ts'));
}

describe('the check itself', () => {
  /** What is found of a command that uses an option's default, whatever it is given. */
  const ignoring = async (name: string, ignored: string): Promise<string[]> => {
    const command = await loaded(name);
    const careless: typeof command = {
      ...command,
      run(call) {
        const value = Object.getOwnPropertyDescriptor(call.options, ignored)?.value as unknown;
        const options = new Proxy(call.options, {
          get: (target, key) => (key === ignored ? value : Reflect.get(target, key)) as never,
        });
        return command.run({ ...call, options });
      },
    };
    const read = await optionsReadBy(name, careless);
    return ownOptions(command, true).filter((option) => !read.has(option));
  };

  it('finds an option that a command ignores', async () => {
    expect(await ignoring('embed', 'engine')).toEqual(['engine']);
  });

  it('takes no copy for a read', () => {
    const { options, read } = recordReads({ seed: 1, engine: 'auto', threads: 2 });
    const { seed, ...rest } = options;
    expect([seed, rest, { ...options }, Object.entries(options).length]).toEqual([
      1,
      { engine: 'auto', threads: 2 },
      { seed: 1, engine: 'auto', threads: 2 },
      3,
    ]);
    expect([...read]).toEqual(['seed']);
    expect(options.threads).toBe(2);
    expect([...read]).toEqual(['seed', 'threads']);
  });

  it('finds no read of a name in a source that has none', async () => {
    const names = await namesReadFrom(resolve('src/cli/commands/runtime.ts'));
    expect(names.has('variant')).toBe(true);
    expect(names.has('anOptionThatNobodyReads')).toBe(false);
  });
});
