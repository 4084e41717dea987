import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { ToolkitError } from '../core/errors.js';
import { exists, isFile } from '../core/files.js';
import { nearest } from '../core/registry.js';
import { refuseForeign } from './foreign/identify.js';

/** A run's folder and the files in it. */
export class RunFolder {
  readonly path: string;
  readonly name: string;

  constructor(path: string) {
    this.path = path;
    // Resolved first: the base name of "." is ".".
    this.name = basename(resolve(path));
  }

  get config(): string {
    return join(this.path, 'config.json');
  }

  get metrics(): string {
    return join(this.path, 'metrics.jsonl');
  }

  /** The checkpoint after the latest epoch or interruption; a resumed run continues from it. */
  get last(): string {
    return join(this.path, 'last.safetensors');
  }

  /** The checkpoint after the epoch with the best validation result; it is evaluated and deployed. */
  get best(): string {
    return join(this.path, 'best.safetensors');
  }

  /** The evaluation of a checkpoint on a split of a data set. */
  report(dataset: string, split: string): string {
    return join(this.path, 'reports', `${dataset}-${split}.json`);
  }

  /** The embeddings of a split of a data set. */
  embeddings(dataset: string, split: string): string {
    return join(this.path, 'embeddings', `${dataset}-${split}.npy`);
  }

  get lock(): string {
    return join(this.path, 'run.lock');
  }
}

/** A valid run name: a plain file name. */
export const RUN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Lists the runs in a folder that have a checkpoint, the latest first. Throws CHECKPOINT_MISSING if the search has no folder. */
export async function listRuns(checkpointsDir: string, search?: string): Promise<RunFolder[]> {
  const folder = join(checkpointsDir, search ?? '.');
  const entries = await readdir(folder).catch(() => []);
  if (search !== undefined && entries.length === 0) throw missing(search, checkpointsDir, []);
  const names = entries.filter((name) => !name.startsWith('.'));
  const found = await Promise.all(
    names.map(async (name) => {
      const run = new RunFolder(join(folder, name));
      const changed = (await stat(run.last).catch(() => undefined))?.mtimeMs;
      return changed === undefined ? [] : [{ run, changed }];
    }),
  );
  return found
    .flat()
    .sort((a, b) => b.changed - a.changed)
    .map(({ run }) => run);
}

/**
 * Resolves a name to a run: `latest`, a run's name, its folder, or a checkpoint file in it. Throws CHECKPOINT_MISSING, and USAGE for a
 * file outside a run's folder.
 */
export async function resolveRun(name: string, checkpointsDir: string): Promise<RunFolder> {
  if (await isFile(name)) return runOfFile(name);
  const runs = await listRuns(checkpointsDir);
  if (name === 'latest' && runs[0]) return runs[0];
  for (const path of [join(checkpointsDir, name), name]) {
    const run = new RunFolder(path);
    if (await exists(run.last)) return run;
  }
  throw missing(name, checkpointsDir, runs);
}

/**
 * Resolves a name to a checkpoint file: a file itself, or the best checkpoint of `latest`, a run's name or a run's folder; the
 * last one if no epoch has ended yet. Throws CHECKPOINT_MISSING, and CHECKPOINT_FOREIGN for other models and files.
 */
export async function resolveCheckpoint(name: string, checkpointsDir: string): Promise<string> {
  const found = await stat(name).catch(() => undefined);
  if (found?.isFile()) {
    await refuseForeign(name);
    return name;
  }
  const run = await resolveRun(name, checkpointsDir).catch(async (error: unknown) => {
    if (found) await refuseForeign(name);
    throw error;
  });
  return (await exists(run.best)) ? run.best : run.last;
}

async function runOfFile(file: string): Promise<RunFolder> {
  const run = new RunFolder(dirname(file));
  if (await exists(run.last)) return run;
  throw new ToolkitError('USAGE', {
    message: `${file} is not in the folder of a run`,
    hint: 'name a run, its folder, or a checkpoint file in it; --init-from starts a new run from the weights of any checkpoint',
  });
}

/**
 * Resolves a name to the run to resume. Training continues from the run's last checkpoint, so its other files are refused. Throws
 * USAGE and CHECKPOINT_MISSING.
 */
export async function resolveRunToResume(name: string, checkpointsDir: string): Promise<RunFolder> {
  const run = await resolveRun(name, checkpointsDir);
  if (!(await isFile(name)) || (await realpath(name)) === (await realpath(run.last))) return run;
  throw new ToolkitError('USAGE', {
    message: `${name} is not the last checkpoint of run "${run.name}", from which training continues`,
    hint: `use --resume ${run.last}, or start a new run from these weights with --init-from ${name}`,
  });
}

function missing(name: string, folder: string, runs: readonly RunFolder[]): ToolkitError {
  const names = runs.map((run) => run.name);
  return new ToolkitError('CHECKPOINT_MISSING', { name, folder, nearest: nearest(name, names) });
}
