import { open, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { AuditLog } from '../../../src/artifacts/audit.js';
import {
  readCheckpoint,
  writeCheckpoint,
  type CheckpointDescription,
} from '../../../src/artifacts/checkpoint.js';
import { SearchFolder, writeSearch, type Trial } from '../../../src/artifacts/search.js';
import { writeManifest, type Manifest } from '../../../src/artifacts/manifest.js';
import { storeFloats } from '../../../src/artifacts/safetensors.js';
import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { makeFolder } from '../../../src/core/files.js';
import { withLock } from '../../../src/core/lock.js';
import { compareRuns } from '../../../src/stages/runs/compare-runs.js';
import { summariseRuns } from '../../../src/stages/runs/list-runs.js';
import { summariseSearches } from '../../../src/stages/search/list-searches.js';
import { pruneRuns } from '../../../src/stages/runs/prune-runs.js';
import { pruneRunsFields } from '../../../src/stages/runs/runs-options.js';
import { checkpointDescription } from '../../support/checkpoints.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const { progress } = checkpointDescription();
const epoch = progress.history[0]!;

/** A run with one epoch of some validation accuracy, or with none. */
async function writeRun(
  folder: string,
  run: string,
  accuracy: number | undefined,
  changes: Partial<CheckpointDescription> = {},
): Promise<string> {
  const history = accuracy === undefined ? [] : [{ ...epoch, validation: { loss: 0.5, accuracy } }];
  const description = checkpointDescription({ run, progress: { ...progress, history }, ...changes });
  const tensors = new Map([['parameters/weights', storeFloats(new Float32Array(1000).fill(0.5), [1000])]]);
  const path = join(folder, run, 'last.safetensors');
  await writeCheckpoint({ path, description, tensors });
  return path;
}

async function fourRuns(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [run, accuracy] of [
    ['good', 0.9],
    ['better', 0.95],
    ['poor', 0.5],
    ['begun', undefined],
  ] as const) {
    await writeRun(folder, run, accuracy);
  }
  return folder;
}

const prune = (
  checkpointsDir: string,
  options: Partial<Parameters<typeof pruneRuns>[0]>,
  events: ToolkitEvent[] = [],
): ReturnType<typeof pruneRuns> =>
  pruneRuns(
    pruneRunsFields.parse({ checkpointsDir, registryDir: join(checkpointsDir, 'none'), ...options }),
    undefined,
    silentContext({ emit: (event) => void events.push(event) }),
  );
const names = ({ runs }: { runs: readonly { run: string }[] }): string[] => runs.map(({ run }) => run).sort();

it('the list takes the headers alone: it does not verify tensors, but sees that a file was cut off', async () => {
  const folder = await temporaryFolder();
  const path = await writeRun(folder, 'changed', 0.9);
  const file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.write(Uint8Array.of(7), 0, 1, size - 1);
  await file.close();
  await toolkitError('CHECKPOINT_CORRUPT', readCheckpoint(path));
  await truncate(await writeRun(folder, 'cut', 0.8), size - 4);
  const runs = new Map((await summariseRuns(folder)).map((run) => [run.run, run]));
  expect(runs.get('changed')).toMatchObject({
    problem: null,
    dataset: 'mine',
    epochs: 1,
    best: { accuracy: 0.9 },
  });
  expect(runs.get('cut')?.problem).toMatch(/do not match its shape/);
});

it('a comparison holds what differs, and nothing else', async () => {
  const folder = await temporaryFolder();
  await writeRun(folder, 'first', 0.9);
  await writeRun(folder, 'second', 0.8, {
    config: { model: 'mlp', hiddenLayers: [3], run: 'second' },
    machine: { ...checkpointDescription().machine, threads: 4 },
  });
  const plot = join(folder, 'curves.svg');
  const { runs, differences } = await compareRuns(['first', 'second'], { checkpointsDir: folder, plot });
  expect(differences).toEqual([
    { key: 'hiddenLayers', values: [[2], [3]] },
    { key: 'threads', values: [1, 4] },
  ]);
  expect(runs.map(({ run, best }) => [run, best?.validation?.accuracy])).toEqual([
    ['first', 0.9],
    ['second', 0.8],
  ]);
  expect(await readFile(plot, 'utf8')).toContain('second, validation');
  await toolkitError('USAGE', compareRuns(['first'], { checkpointsDir: folder }));
  await toolkitError('CHECKPOINT_MISSING', compareRuns(['first', 'third'], { checkpointsDir: folder }));
});

it('pruning says what would go, and removes that and nothing else', async () => {
  const folder = await fourRuns();
  await toolkitError('USAGE', prune(folder, {}));
  const planned = await prune(folder, { keep: 1 });
  expect(names(planned)).toEqual(['begun', 'good', 'poor']);
  expect(planned).toMatchObject({ removed: false, kept: 1 });
  expect(planned.bytes).toBeGreaterThan(3 * 4000);
  expect(await readdir(folder)).toHaveLength(4);
  expect(names(await prune(folder, { failed: true }))).toEqual(['begun']);
  await utimes(join(folder, 'poor', 'last.safetensors'), 1e9, 1e9);
  await utimes(join(folder, 'better', 'last.safetensors'), 1e9, 1e9);
  expect(names(await prune(folder, { olderThan: 30 }))).toEqual(['better', 'poor']);
  // All conditions have to be met.
  expect(names(await prune(folder, { olderThan: 30, keep: 1, yes: true }))).toEqual(['poor']);
  expect((await readdir(folder)).sort()).toEqual(['begun', 'better', 'good']);
});

it('a run in use stays, and so does one that a registered model was made from', async () => {
  const folder = await fourRuns();
  const registryDir = await temporaryFolder();
  await writeManifest(join(registryDir, 'digits', 'versions', '1'), manifestOf('good'));
  await withLock(join(folder, 'poor', 'run.lock'), { waitMs: 0 }, async () => {
    const { spared, runs } = await prune(folder, { keep: 0, yes: true, registryDir });
    expect(names({ runs })).toEqual(['begun', 'better']);
    expect(spared.sort((a, b) => (a.run < b.run ? -1 : 1))).toEqual([
      { run: 'good', reason: 'digits, version 1, was made from it' },
      { run: 'poor', reason: expect.stringMatching(/^in use by process \d+/) as string },
    ]);
  });
  expect((await readdir(folder)).sort()).toEqual(['good', 'poor']);
});

it('a damaged registry version is a warning, and the run that the audit log has it from stays', async () => {
  const folder = await fourRuns();
  const registryDir = await temporaryFolder();
  await writeManifest(join(registryDir, 'digits', 'versions', '1'), manifestOf('good'));
  await makeFolder(join(registryDir, 'digits', 'versions', '2'));
  await writeFile(join(registryDir, 'digits', 'versions', '2', 'manifest.json'), '{');
  const log = new AuditLog(join(registryDir, 'audit.jsonl'));
  await log.append({ actor: 'me', action: 'deploy', subject: 'digits/2', details: { run: 'poor' } });
  const events: ToolkitEvent[] = [];
  const { spared, runs } = await prune(folder, { keep: 0, yes: true, registryDir }, events);
  expect(names({ runs })).toEqual(['begun', 'better']);
  expect(spared.map(({ run }) => run).sort()).toEqual(['good', 'poor']);
  expect((await readdir(folder)).sort()).toEqual(['good', 'poor']);
  expect(events).toEqual([
    expect.objectContaining({
      event: 'warning',
      code: 'MODEL_CORRUPT',
      message: expect.stringMatching(/^digits, version 2, cannot be read: /) as string,
    }),
  ]);
});

it('every run stays where nothing says what a damaged registry version was made from', async () => {
  const folder = await fourRuns();
  const registryDir = await temporaryFolder();
  await makeFolder(join(registryDir, 'digits', 'versions', '1'));
  const events: ToolkitEvent[] = [];
  const { spared, runs, kept } = await prune(folder, { keep: 0, yes: true, registryDir }, events);
  expect({ runs, kept }).toEqual({ runs: [], kept: 4 });
  expect(spared.map(({ reason }) => reason)).toEqual(
    Array<string>(4).fill('digits, version 1, cannot be read and may have been made from it'),
  );
  expect(events).toEqual([
    expect.objectContaining({ hint: expect.stringContaining('all runs are kept') as string }),
  ]);
  expect(await readdir(folder)).toHaveLength(4);
});

it('nothing is pruned in a search that is going on', async () => {
  const folder = await fourRuns();
  await withLock(join(folder, 'search.lock'), { waitMs: 0 }, async () => {
    await toolkitError('FOLDER_BUSY', prune(folder, { keep: 0, yes: true }));
  });
  expect(await readdir(folder)).toHaveLength(4);
});

/** A search of three trials, of which the second waits for its next rung. */
async function writeSearchOf(folder: SearchFolder, metric: string): Promise<void> {
  const trials = (['completed', 'paused', 'stopped'] as const).map((state, index): Trial => {
    const history = [{ loss: 0.3 - index / 10, accuracy: 0.9 - index / 10 }];
    const drawn = { settings: {}, inactive: [], seconds: 1, reason: null };
    return { trial: index + 1, bracket: 1, state, history, ...drawn };
  });
  const settings = { strategy: 'random', metric };
  for (const { trial } of trials) await writeRun(folder.path, folder.run(trial).name, 0.9 - trial / 10);
  const known = { format: 'mnist-train/search', version: 1, toolkit: '0.1.0' } as const;
  const createdAt = '2026-01-02T03:04:05.678Z';
  await writeSearch(folder, {
    ...known,
    search: folder.name,
    createdAt,
    settings,
    fixed: {},
    fingerprint: null,
    trials,
  });
}

it('searches are listed in a line each, and of one that is not over, trials that go on stay', async () => {
  const folder = await fourRuns();
  await writeSearchOf(new SearchFolder(join(folder, 'sweep')), 'loss');
  await writeSearchOf(new SearchFolder(join(folder, 'other')), 'accuracy');
  await writeFile(new SearchFolder(join(folder, 'other')).state, '{');
  expect(await summariseRuns(folder)).toHaveLength(4);
  const searches = new Map((await summariseSearches(folder)).map((found) => [found.search, found]));
  expect([...searches.keys()].sort()).toEqual(['other', 'sweep']);
  expect(searches.get('other')?.problem).toMatch(/search\.json/);
  expect(searches.get('sweep')).toMatchObject({
    ...{ problem: null, strategy: 'random', trials: 3, ended: 2 },
    best: { trial: 3, run: 'trial-003', accuracy: 0.7 },
  });
  const options = pruneRunsFields.parse({
    checkpointsDir: folder,
    registryDir: join(folder, 'none'),
    keep: 1,
  });
  const { runs, spared } = await pruneRuns(options, 'sweep');
  expect(names({ runs })).toEqual(['trial-003']);
  expect(spared).toEqual([{ run: 'trial-002', reason: expect.stringContaining('may resume it') as string }]);
});

function manifestOf(run: string): Manifest {
  const createdAt = '2026-01-02T03:04:05.678Z';
  const { model, classNames, shape, preprocessing } = checkpointDescription();
  const source = { run, kind: 'best', step: 3, epochs: 1, createdAt, checkpoint: 'a'.repeat(64) } as const;
  return {
    ...{ format: 'mnist-train/bundle', version: 1, toolkit: '0.1.0', target: 'registry', createdAt },
    source: { ...source, dataset: 'mine', fingerprint: 'f' },
    ...{ model, classNames, shape, preprocessing, signature: { inputs: [], outputs: [] }, files: [] },
    metrics: { n: 1, accuracy: 1, loss: 0, exported: null },
    verification: { engine: 'none', images: 1, largestDifference: 0, bar: null },
  };
}
