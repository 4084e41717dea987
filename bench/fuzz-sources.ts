// Collects damaged and hostile folders, archives, tables and arrays, prepares damaged pictures for a model, and collects the costliest sources that are refused or still legal:
//   npm run bench:fuzz -- [INPUTS] [SEED]
// Fails where one of the former ends in anything but a data set or an error of the table, or writes outside the data set's folder.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { isToolkitError, messageOf } from '../src/core/errors.js';
import { collect } from '../src/index.js';
import { goodImages } from '../test/support/hostile-images.js';
import { prepareHostile } from '../test/support/hostile-pictures.js';
import { collectHostile } from '../test/support/hostile-sources.js';
import { costlySources } from './fuzz/costly-sources.js';

const [inputs = '10000', seed = '1'] = process.argv.slice(2);

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const peak = (): string => `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`;
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`;

async function outcomeOf(dataDir: string, from: string): Promise<string> {
  try {
    const { manifest } = await collect({ dataset: 'costly', dataDir, from });
    const { train = 0, test = 0, rejected = 0 } = manifest.imported?.images ?? {};
    return `${train + test} taken, ${rejected} not`;
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    return messageOf(error)
      .replace(/^.*?: /, '')
      .slice(0, 90);
  }
}

/** Writes the costly sources, in a process of its own: what it takes to make them is no part of what reading them takes. */
async function makeSources(root: string): Promise<void> {
  for (const [index, { file, make }] of costlySources.entries()) {
    const path = join(root, String(index), file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await make());
    if (!isPicture(file)) continue;
    const other = join(root, String(index), 'test/class/other.png');
    await mkdir(dirname(other), { recursive: true });
    await writeFile(other, (await goodImages())[0]!.content);
  }
}

const isPicture = (file: string): boolean => /\.(png|jpg|webp|gif|tiff|avif|bmp)$/.test(file);

async function measureCostly(root: string): Promise<void> {
  const made = spawnSync(process.execPath, [process.argv[1]!, 'make', root], { stdio: 'inherit' });
  if (made.status !== 0) throw new Error('the sources could not be made');
  for (const [index, { name, file }] of costlySources.entries()) {
    const folder = join(root, String(index));
    const since = performance.now();
    const outcome = await outcomeOf(
      join(root, 'data', String(index)),
      isPicture(file) ? folder : join(folder, file),
    );
    print(`${name}: ${seconds(since)}; peak memory so far ${peak()}; ${outcome}`);
  }
}

async function measureFuzz(root: string): Promise<void> {
  const since = performance.now();
  const { slowest, slowestMs, ...tally } = await collectHostile(root, Number(seed), Number(inputs));
  print(JSON.stringify(tally));
  print(
    `slowest: ${slowest.split('/').at(-1)!}, ${Math.round(slowestMs)} ms; all: ${seconds(since)}; peak memory ${peak()}`,
  );
}

async function measurePictures(): Promise<void> {
  const since = performance.now();
  const { slowest, slowestMs, ...tally } = await prepareHostile(Number(seed), Number(inputs));
  print(JSON.stringify(tally));
  print(`slowest: ${slowest}, ${Math.round(slowestMs)} ms; all: ${seconds(since)}; peak memory ${peak()}`);
}

if (inputs === 'make') await makeSources(seed);
else {
  const root = await mkdtemp(join(tmpdir(), 'mnist-fuzz-'));
  try {
    for (const [name, measure] of [
      ['fuzz', measureFuzz],
      ['pictures', measurePictures],
      ['costly', measureCostly],
    ] as const) {
      const folder = join(root, name);
      await mkdir(folder);
      await measure(folder);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
