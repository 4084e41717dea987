import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { describe, expect, inject, it } from 'vitest';

import { AuditLog } from '../../src/artifacts/audit.js';
import { ModelRegistry } from '../../src/artifacts/model-registry.js';
import { signModel } from '../../src/artifacts/signing/model-signature.js';
import { isCommon, type Command } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { styleFor } from '../../src/cli/terminal/style.js';
import { callerLayer } from '../../src/core/config/layers.js';
import { resolveOptions } from '../../src/core/config/resolve.js';
import { silentContext, type StageContext, type ToolkitEvent } from '../../src/core/events.js';
import { canRunSeal } from '../../src/deployment/encrypted/load-seal.js';
import { readEcdsaKey } from '../../src/core/signing/keys.js';
import { RegistryWriter } from '../../src/deployment/registry-writer.js';
import { backendOptions } from '../../src/engine/backends/options.js';
import { collect } from '../../src/index.js';
import type { LogHeadOptions } from '../../src/stages/audit/audit-options.js';
import { takeCheckpoint } from '../../src/stages/audit/checkpoint.js';
import { prove } from '../../src/stages/audit/kept-checkpoints.js';
import { createPolicy, signPolicy } from '../../src/stages/policy/policy.js';
import { createKeys } from '../../src/stages/signing/signing.js';
import { createAccessToken } from '../../src/stages/tokens/tokens.js';
import { encryptedFolder, tinyNet } from '../support/encrypted.js';
import { temporaryFolder } from '../support/folders.js';
import { importCase } from '../support/imports.js';
import { recordReads } from '../support/recorded-options.js';
import { registerMadeUp } from '../support/registry.js';
import { startWitness } from '../support/witness.js';
import { preparedMnist, writeMnistCheckpoint } from '../support/serving.js';

/*
 * Every option that a command takes is read: each command, and each action of a command, is run with options that note who reads them. What
 * is copied before it is read cannot be followed; option-effects.test.ts shows that it changes something.
 */

interface Run {
  positionals?: string[];
  options?: Record<string, unknown>;
  context?: Partial<StageContext>;
  environment?: NodeJS.ProcessEnv;
  /** What it ends with, where it cannot end well in a test. */
  fails?: RegExp;
}

/** Where a command is run. */
interface Place {
  folder: string;
  checkpoint: string;
  /** A registry with two versions of the model `digits`, the first of which is in production. */
  registry: ModelRegistry;
}

/** An environment in which no TensorFlow is installed. */
function emptyCache(folder: string): NodeJS.ProcessEnv {
  return { PATH: '', HOME: folder, XDG_CACHE_HOME: folder };
}

/** Interrupts a command when it emits an event. */
function stopAt(last: ToolkitEvent['event']): Pick<Run, 'context'> {
  const controller = new AbortController();
  const emit: StageContext['emit'] = ({ event }) => {
    if (event === last) controller.abort(new Error(last));
  };
  return { context: { signal: controller.signal, emit } };
}

/** What is run, by command and action, and with what. */
const runs: Record<string, (place: Place) => Promise<Run | Run[]> | Run | Run[]> = {
  collect: async ({ folder }) => ({
    options: { dataset: 'own', from: await pictures(), size: 8, dataDir: folder },
  }),
  preprocess: async () => {
    const dataDir = await temporaryFolder();
    await collect({ dataset: 'own', from: await pictures(), dataDir, size: 8 });
    const options = { dataset: 'own', dataDir };
    // What computes is asked for by one check, which takes a while; it is enough that it begins.
    const computing = { options: { ...options, clean: ['label-errors'], folds: 2 }, ...stopAt('progress') };
    return [{ ...computing, fails: /^progress$/ }, { options: { ...options, shards: 2 } }];
  },
  train: ({ folder }) => [
    ...[
      {},
      { private: true, noiseMultiplier: 5 },
      { findLearningRate: true, plot: join(folder, 'rates.svg') },
    ].map((more) => ({
      options: { epochs: 1, hiddenLayers: [4], batchSize: 1000, ...more },
    })),
    { options: { folder: join(folder, 'nowhere'), size: 8 }, fails: /no such folder/ },
    // What trains with several workers is tested in test/stages/train/workers.
    { options: { workers: 2, restarts: 1, mpi: '/nowhere' }, fails: /not a usable MPI library/ },
    { options: { elastic: '2:3', mpi: '/nowhere' }, fails: /not a usable MPI library/ },
  ],
  import: async () => ({
    positionals: [(await importCase('torch-mnist')).file],
    options: { run: 'imported' },
  }),
  evaluate: ({ checkpoint }) => ({ positionals: [checkpoint], options: { resamples: 0 } }),
  embed: ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { maps: ['pca'], mapImages: 10, output: join(folder, 'embedded.npy') },
  }),
  calibrate: ({ checkpoint }) => ({ positionals: [checkpoint] }),
  deploy: ({ checkpoint }) => ({ positionals: [checkpoint] }),
  'registry list': () => ({ positionals: ['digits'] }),
  'registry promote': () => ({ positionals: ['digits', '2'] }),
  'registry rollback': async ({ registry }) => {
    await new RegistryWriter(registry, 'tester').promote('digits', 2, { force: false });
    return { positionals: ['digits'] };
  },
  'registry sign': async ({ folder }) => {
    const { privateKey: signKey } = await createKeys(join(folder, 'publisher.pem'), 'p256');
    return { positionals: ['digits', '2'], options: { signKey } };
  },
  'registry history': () => ({ positionals: ['digits'] }),
  'registry verify': () => ({ positionals: ['digits'] }),
  'audit verify': async ({ folder, registry }) => {
    const { head } = await new AuditLog(registry.auditFile).verify();
    const { witness, verifyKey } = await checkpointOf(folder, registry);
    return { options: { expect: head, witness, verifyKey } };
  },
  'audit list': () => ({}),
  'audit checkpoint': async ({ folder }) => {
    const witness = await startWitness();
    const witnessKey = join(folder, 'witness.vkey');
    await writeFile(witnessKey, witness.verifier);
    const { privateKey: signKey } = await createKeys(join(folder, 'auditor.pem'), 'ed25519');
    return { options: { signKey, witness: [witness.url], witnessKey: [witnessKey] } };
  },
  'audit prove': async ({ folder, registry }) => {
    await checkpointOf(folder, registry);
    return { positionals: ['1'] };
  },
  'audit check': async ({ folder, registry }) => {
    const { verifyKey, options } = await checkpointOf(folder, registry);
    await writeFile(join(folder, 'proof'), await prove(1, options));
    return { positionals: [join(folder, 'proof')], options: { verifyKey } };
  },
  'policy create': async ({ folder }) => ({
    positionals: [join(folder, 'policy.json')],
    options: await policyKeys(folder),
  }),
  'policy sign': async (where) => {
    const { path, signKey } = await newPolicy(where);
    return { positionals: [path], options: { signKey } };
  },
  'policy apply': async (where) => {
    const { path, signKey, registryDir, keys } = await newPolicy(where);
    await signPolicy(path, where.registry, { ...keys, days: 1, signKey, registryDir });
    return { positionals: [path] };
  },
  'policy show': async (where) => ({ positionals: [(await newPolicy(where)).path] }),
  'signing keygen': ({ folder }) => ({ positionals: [join(folder, 'new.pem')] }),
  'signing sign': async ({ folder }) => {
    const { privateKey } = await createKeys(join(folder, 'key.pem'), 'p256');
    await mkdir(join(folder, 'model'));
    return { positionals: [join(folder, 'model')], options: { signKey: privateKey } };
  },
  'signing verify': async ({ folder }) => {
    const { privateKey, publicKey } = await createKeys(join(folder, 'key.pem'), 'p256');
    await mkdir(join(folder, 'model'));
    await signModel(join(folder, 'model'), await readEcdsaKey(privateKey));
    return { positionals: [join(folder, 'model')], options: { verifyKey: [publicKey] } };
  },
  'audit privacy': ({ checkpoint }) => ({ positionals: [checkpoint] }),
  serve: ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { port: 0, feedbackDir: join(folder, 'feedback') },
    ...stopAt('listening'),
  }),
  'tokens create': ({ folder }) => ({ options: { tokensFile: join(folder, 'tokens.json') } }),
  'tokens list': ({ folder }) => ({ options: { tokensFile: join(folder, 'tokens.json') } }),
  'tokens revoke': async ({ folder, registry }) => {
    const places = { tokensFile: join(folder, 'tokens.json'), registryDir: registry.folder };
    const { stored } = await createAccessToken(places, { name: '', role: 'infer', days: undefined });
    return { positionals: [stored.id], options: places };
  },
  'keys generate': ({ folder }) => ({ positionals: [join(folder, 'key.txt')] }),
  'keys show': () => ({ fails: /^no identity is given$/ }),
  'keys encrypt': ({ checkpoint }) => ({ positionals: [checkpoint], fails: /^no recipients are given/ }),
  'keys decrypt': ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { output: join(folder, 'plain.safetensors') },
  }),
  predict: async ({ folder, checkpoint }) => ({
    positionals: [checkpoint, await digit(join(folder, 'digit.png'))],
  }),
  'encrypted keygen': async ({ folder }) => ({
    positionals: [await encryptedFolder(tinyNet)],
    options: { keys: join(folder, 'new-keys') },
    ...(canRunSeal() ? {} : { fails: /needs Node\.js 22/ }),
  }),
  // Options are read before keys are.
  'encrypted encrypt': async ({ folder }) => ({
    positionals: [await digit(join(folder, 'digit.png'))],
    options: { keys: join(folder, 'no-keys'), output: join(folder, 'digit.encrypted') },
    fails: /not a folder of keys/,
  }),
  'encrypted decrypt': ({ folder }) => ({
    positionals: [join(folder, 'answer')],
    options: { keys: join(folder, 'no-keys') },
    fails: /not a folder of keys/,
  }),
  explain: ({ folder, checkpoint }) => ({
    positionals: [checkpoint],
    options: { index: [1], steps: 2, output: join(folder, 'explained') },
  }),
  runs: () => ({}),
  'runs list': () => ({}),
  'runs compare': async ({ folder }) => {
    await writeMnistCheckpoint(folder, 'other', 4);
    return { positionals: ['small', 'other'], options: { plot: join(folder, 'curves.svg') } };
  },
  'runs prune': () => ({ options: { keep: 1 } }),
  datasets: () => ({}),
  'datasets show': ({ folder }) => ({
    options: {
      dataset: 'mnist',
      card: join(folder, 'card.html'),
      contactSheet: join(folder, 'sheet.png'),
      augmentShift: 1,
      perClass: 2,
    },
  }),
  'runtime install': ({ folder }) => ({
    environment: emptyCache(folder),
    context: { signal: AbortSignal.abort(new Error('a test installs nothing')) },
    fails: /installs nothing/,
  }),
  'runtime list': ({ folder }) => ({ environment: emptyCache(folder) }),
  'runtime remove': ({ folder }) => ({ environment: emptyCache(folder) }),
};

/** Commands without options of their own. */
const plain = ['models', 'completion', 'doctor'];

/** Commands whose options reach what reads them as copies: option-effects.test.ts has them. */
const elsewhere = ['search'];

/** Options of the commands that are not read there, and why. */
const unread: Record<string, Record<string, string>> = {
  collect: Object.fromEntries(
    ['size', 'fit', 'channels', 'centre', 'invert', 'testShare', 'maxPixels'].map((option) => [
      option,
      'a copy of it is read: option-effects.test.ts',
    ]),
  ),
  preprocess: { checkpointsDir: 'every command takes it; there are no runs here' },
  'tokens list': { registryDir: 'every action takes it; a list is not recorded' },
  predict: { dataDir: 'every command takes it; pictures come from files' },
  explain: { engine: 'an explanation is computed operation by operation, which both values allow' },
};

/** Commands that compute: the options of the backend are theirs too. */
const computing = [
  'preprocess',
  'train',
  'evaluate',
  'embed',
  'calibrate',
  'deploy',
  'serve',
  'predict',
  'explain',
];

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

/** The public keys of a policy, as options. */
async function policyKeys(folder: string): Promise<Record<'root' | 'publisher' | 'approver', string[]>> {
  const made = await Promise.all(
    ['root', 'publisher', 'approver'].map((who) => createKeys(join(folder, `${who}.pem`), 'p256')),
  );
  const [root, publisher, approver] = made.map(({ publicKey }) => [publicKey]) as [
    string[],
    string[],
    string[],
  ];
  return { root, publisher, approver };
}

/** An unsigned policy for a registry. */
async function newPolicy({
  folder,
  registry,
}: Place): Promise<{ path: string; signKey: string; registryDir: string; keys: Record<string, string[]> }> {
  const [path, signKey] = [join(folder, 'policy.json'), join(folder, 'root.pem')];
  const keys = await policyKeys(folder);
  const registryDir = registry.folder;
  await createPolicy(path, registry, { ...keys, days: 1, registryDir });
  return { path, signKey, registryDir, keys };
}

/** Signs the head of a registry's log. */
async function checkpointOf(
  folder: string,
  { folder: registryDir }: ModelRegistry,
): Promise<{ witness: string[]; verifyKey: string[]; options: LogHeadOptions }> {
  const { privateKey: signKey, publicKey } = await createKeys(join(folder, 'auditor.pem'), 'ed25519');
  const [witness, verifyKey] = [[join(folder, 'elsewhere')], [publicKey]];
  const more = { signKey, origin: undefined, from: undefined };
  const options = { witness, witnessKey: [], verifyKey, registryDir, ...more };
  await takeCheckpoint(options);
  return { witness, verifyKey, options };
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

async function place(): Promise<Place> {
  const folder = await temporaryFolder();
  const checkpoint = await writeMnistCheckpoint(folder, 'small', 3);
  const registry = new ModelRegistry(join(folder, 'models'));
  for (const wrong of [2, 1]) await registerMadeUp(registry, 'digits', { wrong });
  await new RegistryWriter(registry, 'tester').promote('digits', 1, { force: false });
  return { folder, checkpoint, registry };
}

async function loaded(name: string): Promise<Command> {
  return await commands.find((command) => command.name === name)!.load();
}

function ownOptions({ space }: Pick<Command, 'space'>): string[] {
  const fields = Object.keys(space.fields.shape).filter((key) => !isCommon(key));
  return [...fields, ...Object.keys(space.choices)];
}

/** What a call has to read: the options of its action, or of its command, and those of what computes. */
function expected(words: string, command: Command): string[] {
  const [name = '', action = ''] = words.split(' ');
  const backend = computing.includes(name)
    ? [...Object.keys(backendOptions), 'dataDir', 'checkpointsDir']
    : [];
  const own = command.actions?.[action]?.options ?? ownOptions(command);
  return [...new Set([...own, ...backend])];
}

/** Runs a command as it is done for its name, and returns which of its options have been read. */
async function optionsReadBy(words: string, command: Command): Promise<ReadonlySet<string>> {
  const where = await place();
  const read = new Set<string>();
  for (const run of [await runs[words]!(where)].flat()) {
    for (const option of await optionsReadIn(run, words, command, where)) read.add(option);
  }
  return read;
}

async function optionsReadIn(
  { options = {}, environment = process.env, fails, ...run }: Run,
  words: string,
  command: Command,
  { folder, registry }: Place,
): Promise<ReadonlySet<string>> {
  const positionals = [...words.split(' ').slice(1), ...(run.positionals ?? [])];
  const common = { dataDir: inject('smallDataDir'), checkpointsDir: folder, threads: 1 };
  const places = { registryDir: registry.folder };
  const known = Object.entries(places).filter(([key]) => key in command.space.fields.shape);
  const layers = [callerLayer({ ...common, ...Object.fromEntries(known), ...options })];
  const resolution = await (command.resolve?.(layers, positionals) ?? resolveOptions(command.space, layers));
  const recorded = recordReads(resolution.values);
  const ended = command.run({
    positionals,
    options: recorded.options,
    resolution: { ...resolution, values: recorded.options },
    context: silentContext(run.context),
    commands,
    json: false,
    environment,
    stdin: process.stdin,
    confirm: undefined,
  });
  if (fails) await expect(ended).rejects.toThrow(fails);
  // Some options are for what a person reads.
  else (await ended).text(styleFor(process.stdout, false, {}), true, 80);
  return recorded.read;
}

it('every command and every action is run', async () => {
  const entries = commands.map(({ name }) => name).filter((name) => ![...plain, ...elsewhere].includes(name));
  const calls = await Promise.all(
    entries.map(async (name) => {
      const { actions } = await loaded(name);
      return Object.keys(actions ?? { '': {} }).map((action) => (action === '' ? name : `${name} ${action}`));
    }),
  );
  expect(Object.keys(runs).sort()).toEqual(calls.flat().sort());
});

it.each(plain)('%s has no options of its own', async (name) => {
  expect(ownOptions(await loaded(name))).toEqual([]);
});

it.each(Object.keys(runs))('%s reads every option that it takes', async (words) => {
  const command = await loaded(words.split(' ')[0]!);
  const read = await optionsReadBy(words, command);
  const missing = expected(words, command).filter((option) => !read.has(option));
  expect(missing).toEqual(Object.keys(unread[words] ?? {}));
});

it.each(commands.map(({ name }) => name))(
  '%s: every option is one of an action, and every action is allowed',
  async (name) => {
    const command = await loaded(name);
    const { actions = { '': { options: ownOptions(command) } }, positionals } = command;
    const taken = Object.values(actions).flatMap(({ options }) => options);
    expect(ownOptions(command).filter((option) => !taken.includes(option))).toEqual([]);
    const allowed = command.actions ? positionals[0]?.choices : [];
    expect(Object.keys(actions).filter((action) => action !== '')).toEqual(allowed);
  },
);

describe('the check itself', () => {
  /** What is found of a command that uses an option's default, whatever it is given. */
  const ignoring = async (words: string, ignored: string): Promise<string[]> => {
    const command = await loaded(words.split(' ')[0]!);
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
    const read = await optionsReadBy(words, careless);
    return expected(words, command).filter((option) => !read.has(option));
  };

  it.each([
    ['embed', 'engine'],
    ['registry promote', 'force'],
    ['serve', 'maxFeedback'],
  ])('finds an option that %s ignores', async (words, option) => {
    expect(await ignoring(words, option)).toEqual([option]);
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
});
