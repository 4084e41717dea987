import { readFile, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { encodeFeedback, FEEDBACK_FILE } from '../../src/artifacts/feedback.js';
import { presentationFields } from '../../src/cli/command.js';
import { main } from '../../src/cli/main.js';
import { pluginOptions } from '../../src/core/config/common-options.js';
import { allFields } from '../../src/core/config/resolve.js';
import { silentContext } from '../../src/core/events.js';
import { exists } from '../../src/core/files.js';
import { sourceKinds } from '../../src/data/collection/kinds/index.js';
import { backendOptions } from '../../src/engine/backends/options.js';
import { collect, train } from '../../src/index.js';
import { collectFields } from '../../src/stages/collect/collect.js';
import { search } from '../../src/stages/search/search.js';
import { resolveSearchOptions, searchSpace } from '../../src/stages/search/search-options.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { npyFile } from '../support/npy.js';
import { cifarRecord } from '../support/cifar.js';
import { recordReads } from '../support/recorded-options.js';
import { DRAWING_SIDE, drawings, drawnPixels } from '../support/small-drawings.js';
import { zip } from '../support/zip.js';

/* Of the options that options.test.ts cannot follow: each changes what its command does. */

const DRAWINGS = [0, 1].flatMap((label) =>
  Array.from({ length: 12 }, (_, at) => ({ label, pixels: drawnPixels(label, at) })),
);

/** How an encrypted file begins, in binary or as text. */
const AGE = /^(age-encryption\.org|-----BEGIN AGE ENCRYPTED FILE)/;

async function written(name: string, content: string | Buffer): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

async function drawn(): Promise<string> {
  return drawings(await temporaryFolder());
}

/** The same drawings as each kind of source that makes images has them. */
const sources: Record<string, () => Promise<string>> = {
  folder: drawn,
  csv: () => {
    const head = ['label', ...DRAWINGS[0]!.pixels.map((_, at) => at)].join(',').replace(/,(\d)/g, ',pixel$1');
    const rows = DRAWINGS.map(({ label, pixels }) => [label, ...pixels].join(','));
    return written('drawings.csv', [head, ...rows, ''].join('\n'));
  },
  npz: () => {
    const pixels = Buffer.concat(DRAWINGS.map((drawing) => drawing.pixels));
    const labels = Buffer.from(DRAWINGS.map(({ label }) => label));
    const images = npyFile('|u1', [DRAWINGS.length, DRAWING_SIDE, DRAWING_SIDE], pixels);
    const members = [
      { name: 'images.npy', content: images },
      { name: 'labels.npy', content: npyFile('|u1', [DRAWINGS.length], labels) },
    ];
    return written('drawings.npz', zip(members));
  },
  cifar: () => written('data_batch_1.bin', photos(1)),
  'cifar-coarse': () => written('train.bin', photos(2)),
  feedback: () => {
    const classNames = ['lying', 'standing'];
    const lines = DRAWINGS.map(({ label, pixels }, index) =>
      encodeFeedback({
        ...{ time: '2026-01-02T03:04:05.678Z', id: 'request', index, version: '1', predicted: 0, label },
        ...{ labelName: classNames[label]!, classNames, image: pixels },
        shape: { height: DRAWING_SIDE, width: DRAWING_SIDE, channels: 1 },
      }),
    );
    return written(FEEDBACK_FILE, lines.join(''));
  },
};

/** Images of CIFAR, with so many labels each. */
function photos(labels: 1 | 2): Buffer {
  const records = Array.from({ length: 24 }, (_, at) => {
    const plane = Uint8Array.from({ length: 1024 }, (_, pixel) => (pixel * (at + 1)) % 256);
    return cifarRecord(Array<number>(labels).fill(at % 2), [plane, 80 + at, 40]);
  });
  return Buffer.concat(records);
}

type Options = Record<string, unknown>;

/** What a collected data set has of files and facts, or why there is none. */
async function collected(options: Options): Promise<Options> {
  const dataDir = await temporaryFolder();
  try {
    const { manifest } = await collect({ dataset: 'own', dataDir, ...options });
    const { files, classNames, licence, origin } = manifest;
    return { files, classNames, licence, origin };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

const imageOptions: Options = {
  size: '9x12',
  fit: 'stretch',
  channels: 3,
  centre: 'mass',
  invert: 'yes',
  testShare: 0.5,
  maxPixels: DRAWING_SIDE ** 2 - 1,
  seed: 2,
};

describe.each(Object.entries(sources))('collect from %s', (format, sourceOf) => {
  // Photos have three channels without being asked.
  const ofKind = format.startsWith('cifar') ? { ...imageOptions, channels: 1 } : imageOptions;
  it.each(Object.entries(ofKind))('%s changes the images', async (option, value) => {
    const from = await sourceOf();
    // Squares fit a square in each way alike.
    const settings = option === 'fit' ? { from, format, size: '9x12' } : { from, format };
    const before = await collected(settings);
    expect(await collected(settings)).toEqual(before);
    expect(await collected({ ...settings, [option]: value })).not.toEqual(before);
  });
});

describe('collect', () => {
  it('every kind of source that makes images is here; IDX files are copied, and refuse what says how images are made', async () => {
    expect([...Object.keys(sources), 'idx'].sort()).toEqual([...sourceKinds.names].sort());
    const folder = await temporaryFolder();
    const made = await collect({ dataset: 'made', dataDir: folder, from: await drawn(), size: 8 });
    const settings = Object.entries(imageOptions).filter(([option]) => option !== 'seed');
    for (const [option, value] of settings) {
      const failure = collect({ dataset: 'copy', dataDir: folder, from: made.folder, [option]: value });
      expect((await toolkitError('USAGE', failure)).message).toContain('IDX files are copied as they are');
    }
    expect((await collected({ from: made.folder }))['files']).toBeDefined();
  });

  it.each<[string, unknown]>([
    ['sha256', '0'.repeat(64)],
    ['classNames', ['first', 'second']],
    ['licence', 'CC0'],
    ['origin', 'drawn for a test'],
  ])('%s changes what is collected', async (option, value) => {
    const from = await sources['csv']!();
    expect(await collected({ from, [option]: value })).not.toEqual(await collected({ from }));
  });

  it.each(
    Object.keys(collectFields.shape).filter(
      (option) => collectFields.shape[option as 'size'].meta()?.['onlyWith'],
    ),
  )('%s is refused without a source, where it would be ignored', async (option) => {
    const values: Options = {
      ...imageOptions,
      ...{ format: 'csv', sha256: '0'.repeat(64), classNames: ['a'], licence: 'CC0', origin: 'here' },
    };
    const { message } = await toolkitError('USAGE', collect({ [option]: values[option] }));
    expect(message).toBe(`${option} has no effect without from or fromFeedback`);
  });

  it.each<[string, unknown]>([
    ['size', 8],
    ['licence', 'CC0'],
    ['classNames', ['a']],
    ['format', 'csv'],
  ])('a published data set stays as it is: %s is refused', async (option, value) => {
    const failure = collect({
      dataset: 'mnist',
      dataDir: await temporaryFolder(),
      from: '/nowhere',
      [option]: value,
    });
    expect((await toolkitError('USAGE', failure)).message).toContain('published data set');
  });
});

it('search hands all options of train to its trials, and reads those of its own', async () => {
  const folder = await temporaryFolder();
  const places = { dataDir: folder, checkpointsDir: folder };
  await collect({ dataset: 'own', dataDir: folder, from: await drawn(), size: 8, channels: 3 });
  await train({
    ...places,
    dataset: 'own',
    epochs: 1,
    hiddenLayers: [4],
    threads: 1,
    run: 'first',
    deterministic: true,
  });
  const shared: Options = {
    ...{ dataset: 'own', epochs: 2, batchSize: 3, averageWeights: 0.5, clipNorm: 1, labelSmoothing: 0.1 },
    ...{ accumulate: 1, scaleRate: 'linear' },
    ...{ classWeights: { lying: 1, standing: 2 }, loss: 'cross-entropy', sampling: 'balanced' },
    ...{ validationSplit: 0.3, scaling: 'zero-one', augmentShift: 1, augmentRotation: 5, augmentScale: 0.1 },
    ...{ augmentShear: 5, augmentElastic: 0.5, augmentThickness: 0.5, augmentErasing: 0.1, earlyStopping: 2 },
    ...{ augmentFlipHorizontal: 0.5, augmentFlipVertical: 0.5, augmentBrightness: 0.2, augmentContrast: 0.2 },
    ...{ augmentCrop: 1, augmentCropPadding: 'edge', augmentRandaugment: 1, augmentRandaugmentMagnitude: 5 },
    ...{ augmentSaturation: 0.2, augmentHue: 0.1, augmentBlur: 0.5, augmentMixup: 0.2, augmentCutmix: 1 },
    ...{ freeze: ['dense1'], freezeAllButHead: true, seed: 3, hiddenLayers: [4], activation: 'relu' },
    ...{
      model: 'mlp',
      features: 'raw',
      optimizer: 'momentum',
      schedule: 'step',
      augment: 'none',
      momentum: 0.8,
      stepFactor: 0.5,
    },
    ...{ backend: 'tensorflow', device: 'cpu', threads: 1, precision: 'float32', deterministic: true },
    ...{ gpuMemoryGrowth: true, engine: 'eager' },
  };
  const plot = join(folder, 'trials.svg');
  const own = { run: 'rates', plot, workers: 1, search: { trials: 1, space: { learningRate: [0.01] } } };
  const resolution = await resolveSearchOptions({ ...places, ...own, ...shared, initFrom: 'first' });
  const recorded = recordReads(resolution.values);
  const result = await search({ ...resolution, values: recorded.options }, silentContext());
  expect(result.trials[0]?.reason).toBeNull();
  const { description } = await readCheckpoint(join(folder, 'rates', 'trial-001', 'last.safetensors'));
  expect(description.config).toMatchObject({ ...shared, learningRate: 0.01 });
  expect(description.config['initFrom']).toContain('first');
  expect(await exists(plot)).toBe(true);
  await toolkitError('RESUME_CONFLICT', resolveSearchOptions({ ...places, resume: 'rates', run: 'other' }));

  const read = [
    ...Object.keys(places),
    ...Object.keys(own),
    ...Object.keys(backendOptions),
    'resume',
    'initFrom',
  ];
  expect(read.filter((option) => !recorded.read.has(option))).toEqual([]);
  const known = [...allFields(searchSpace)].filter(([, { plugins }]) => !plugins).map(([key]) => key);
  // Plug-ins are loaded before a stage begins: test/core/plugins.
  const others = known.filter((option) => !(option in pluginOptions));
  expect(others.filter((option) => !(option in shared) && !read.includes(option))).toEqual([]);
});

describe('the output options', () => {
  /** Runs the program in this process, as on a terminal, and gives what it writes. */
  async function output(words: readonly string[]): Promise<Record<'stdout' | 'stderr', string>> {
    const terminal = (): NodeJS.WritableStream & { isTTY: boolean; columns: number; text: string } => {
      const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, text: '' });
      stream.on('data', (part: Buffer) => (stream.text += part.toString()));
      return stream;
    };
    const [stdout, stderr] = [terminal(), terminal()];
    const signals = Object.assign(new EventEmitter(), { exit: () => undefined });
    const io = Object.assign(signals, { stdin: new PassThrough(), stdout, stderr, env: { TERM: 'xterm' } });
    await main(words, io);
    return { stdout: stdout.text, stderr: stderr.text };
  }

  const collecting = async (): Promise<string[]> => [
    ...['collect', 'own', '--from', await drawn(), '--data-dir', await temporaryFolder()],
  ];
  const effects: Record<string, () => Promise<void>> = {
    async config() {
      const file = await written('config.json', '{"licence":"CC0 of the file"}');
      expect((await output(await collecting())).stdout).not.toContain('CC0');
      expect((await output([...(await collecting()), '--config', file])).stdout).toContain('CC0 of the file');
    },
    async json() {
      const { stdout } = await output(['models', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ event: 'result' });
    },
    async quiet() {
      expect((await output(await collecting())).stderr).toContain('collecting own');
      const { stdout, stderr } = await output([...(await collecting()), '--quiet']);
      expect([stdout, stderr]).toEqual([expect.stringContaining('own'), '']);
    },
    async color() {
      expect((await output(['models'])).stdout).toContain('\u001b[');
      expect((await output(['models', '--no-color'])).stdout).not.toContain('\u001b');
    },
    async verbose() {
      const wrong = ['predict', 'nothing', 'nothing.png'];
      expect((await output(wrong)).stderr).not.toContain('    at ');
      expect((await output([...wrong, '--verbose'])).stderr).toContain('    at ');
    },
    async printConfig() {
      const { stdout } = await output(['models', '--seed', '7', '--print-config']);
      expect(stdout).toMatch(/seed +7 .*the command line/);
    },
    async encryptTo() {
      const words = await collecting();
      const key = join(await temporaryFolder(), 'key.txt');
      const recipient = (await output(['keys', 'generate', key])).stdout.trim();
      await output([...words, '--encrypt-to', recipient]);
      const images = join(words.at(-1)!, 'own', 'raw', 'train-images-idx3-ubyte');
      expect((await readFile(images)).toString('latin1')).toMatch(AGE);
    },
    async identity() {
      const key = join(await temporaryFolder(), 'key.txt');
      const recipient = (await output(['keys', 'generate', key])).stdout.trim();
      expect((await output(['keys', 'show'])).stdout).not.toContain(recipient);
      expect((await output(['keys', 'show', '--identity', key])).stdout).toContain(recipient);
    },
    async passphraseFile() {
      const key = join(await temporaryFolder(), 'key.txt');
      const words = ['keys', 'generate', key, '--encrypt-to', 'passphrase'];
      await output(words);
      expect(await exists(key)).toBe(false);
      await output([
        ...words,
        '--passphrase-file',
        await written('phrase.txt', 'correct horse battery staple\n'),
      ]);
      expect(await readFile(key, 'latin1')).toMatch(AGE);
    },
  };

  it('are all here', () => {
    expect(Object.keys(effects).sort()).toEqual(Object.keys(presentationFields.shape).sort());
  });

  it.each(Object.entries(effects))('%s changes what is written', async (_, effect) => {
    await effect();
  });
});
