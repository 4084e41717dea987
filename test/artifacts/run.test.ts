import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  listRuns,
  resolveCheckpoint,
  resolveRun,
  resolveRunToResume,
  RUN_NAME,
  RunFolder,
} from '../../src/artifacts/run.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';

/** Three runs, of which "middle" has no best checkpoint, and things that are no runs. */
async function someRuns(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, seconds, files] of [
    ['oldest', 1000, ['last', 'best']],
    ['newest', 3000, ['last', 'best']],
    ['middle', 2000, ['last']],
    ['begun', 9000, []],
  ] as const) {
    await mkdir(join(folder, name));
    for (const file of files) {
      const path = join(folder, name, `${file}.safetensors`);
      await writeFile(path, '');
      await utimes(path, seconds, seconds);
    }
  }
  await writeFile(join(folder, 'README.md'), '');
  await symlink(join(folder, 'nothing'), join(folder, 'dangling'));
  return folder;
}

describe('listRuns', () => {
  it('gives those with a checkpoint, the latest first', async () => {
    const runs = await listRuns(await someRuns());
    expect(runs.map((run) => run.name)).toEqual(['newest', 'middle', 'oldest']);
  });

  it('gives none where there is no folder', async () => {
    expect(await listRuns(join(await temporaryFolder(), 'none'))).toEqual([]);
  });
});

describe('resolveRun', () => {
  it('takes "latest", a name, and a folder', async () => {
    const folder = await someRuns();
    expect((await resolveRun('latest', folder)).name).toBe('newest');
    expect((await resolveRun('oldest', folder)).path).toBe(join(folder, 'oldest'));
    expect((await resolveRun(join(folder, 'middle'), 'elsewhere')).name).toBe('middle');
  });

  it('takes a checkpoint file of the run', async () => {
    const folder = await someRuns();
    for (const file of ['last', 'best']) {
      const run = await resolveRun(join(folder, 'oldest', `${file}.safetensors`), 'elsewhere');
      expect([run.name, run.path]).toEqual(['oldest', join(folder, 'oldest')]);
    }
  });

  it('refuses a file outside a run’s folder', async () => {
    const folder = await someRuns();
    const error = await toolkitError('USAGE', resolveRun(join(folder, 'README.md'), folder));
    expect(error.message).toContain('is not in the folder of a run');
    expect(error.hint).toContain('--init-from');
  });

  it('prefers the latest run to one of that name', async () => {
    const folder = await someRuns();
    await mkdir(join(folder, 'latest'));
    const last = join(folder, 'latest', 'last.safetensors');
    await writeFile(last, '');
    await utimes(last, 1, 1);
    expect((await resolveRun('latest', folder)).name).toBe('newest');
  });

  it('suggests the run that was meant', async () => {
    const folder = await someRuns();
    const error = await toolkitError('CHECKPOINT_MISSING', resolveRun('newset', folder));
    expect(error.hint).toBe('did you mean "newest"?');
    expect(error.message).toContain(folder);
  });

  it.each(['latest', 'anything'])('finds no "%s" where there are no runs', async (name) => {
    const error = await toolkitError('CHECKPOINT_MISSING', resolveRun(name, await temporaryFolder()));
    expect(error.hint).toContain('mnist runs');
  });

  it('takes no run that has no checkpoint yet', async () => {
    await toolkitError('CHECKPOINT_MISSING', resolveRun('begun', await someRuns()));
  });
});

describe('resolveCheckpoint', () => {
  it('takes a file as it is, whatever its name', async () => {
    const path = join(await someRuns(), 'README.md');
    expect(await resolveCheckpoint(path, 'elsewhere')).toBe(path);
  });

  it('takes a run’s best checkpoint, or its last where there is no best', async () => {
    const folder = await someRuns();
    expect(await resolveCheckpoint('latest', folder)).toBe(join(folder, 'newest', 'best.safetensors'));
    expect(await resolveCheckpoint('oldest', folder)).toBe(join(folder, 'oldest', 'best.safetensors'));
    expect(await resolveCheckpoint('middle', folder)).toBe(join(folder, 'middle', 'last.safetensors'));
  });

  it('fails for anything else', async () => {
    await toolkitError('CHECKPOINT_MISSING', resolveCheckpoint('none', await someRuns()));
  });
});

it('a run keeps all its files in its folder', () => {
  const run = new RunFolder(join('checkpoints', 'first'));
  const files = [run.config, run.metrics, run.last, run.best, run.lock, run.report('mnist', 'test')];
  expect(new Set(files).size).toBe(files.length);
  for (const file of files) expect(file.startsWith(join('checkpoints', 'first'))).toBe(true);
});

it.each(['..', '.hidden', 'a/b', 'a\\b', '', '-x', 'x'.repeat(101)])('"%s" is no name of a run', (name) => {
  expect(RUN_NAME.test(name)).toBe(false);
});

describe('resolveRunToResume', () => {
  it('takes what resolveRun takes, but of checkpoint files the last alone', async () => {
    const folder = await someRuns();
    expect((await resolveRunToResume('oldest', folder)).name).toBe('oldest');
    const { last, best } = new RunFolder(join(folder, 'oldest'));
    expect((await resolveRunToResume(last, 'elsewhere')).path).toBe(join(folder, 'oldest'));
    const error = await toolkitError('USAGE', resolveRunToResume(best, 'elsewhere'));
    expect(error.message).toContain('is not the last checkpoint of run "oldest"');
    expect(error.hint).toContain(`--resume ${last}`);
  });
});

it('a run in the current folder has that folder’s name', async () => {
  expect(new RunFolder('.').name).toBe(new RunFolder(process.cwd()).name);
  expect(new RunFolder(join(await someRuns(), 'oldest', '.')).name).toBe('oldest');
});
