import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readManifest } from '../../artifacts/manifest.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { listRuns, type RunFolder } from '../../artifacts/run.js';
import { SearchFolder } from '../../artifacts/search.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { storageError } from '../../core/files.js';
import { holderOf, withLock } from '../../core/lock.js';
import { openTrials } from '../search/list-searches.js';
import { summariseRun, type RunSummary } from './list-runs.js';
import type { PruneRunsOptions } from './runs-options.js';

/** A run that goes, or would go, and what it takes on the disk. */
export interface PrunedRun extends Pick<RunSummary, 'run' | 'folder' | 'dataset' | 'best' | 'problem'> {
  bytes: number;
}

/** What `pruneRuns` did, or would do. */
export interface Pruning {
  /** Whether it was done. */
  removed: boolean;
  runs: PrunedRun[];
  /** Runs that fit, and were left all the same. */
  spared: { run: string; reason: string }[];
  /** How many runs stay. */
  kept: number;
  /** Freed, or to be freed. */
  bytes: number;
}

interface Candidate extends RunSummary {
  source: RunFolder;
  /** Since its last checkpoint was written. */
  days: number;
}

const MS_PER_DAY = 86_400_000;

/**
 * Removes the runs that fit all given conditions, or says which they are. A run in use stays, and one that a registered model was
 * made from, and a trial that a search may go on with. Throws USAGE where no condition is given, FOLDER_BUSY where a search is going
 * on in the folder, and storage errors.
 *
 * @param search a search whose runs are meant, instead of those beside it
 */
export async function pruneRuns(options: PruneRunsOptions, search?: string): Promise<Pruning> {
  const { keep, olderThan, failed, checkpointsDir, registryDir } = options;
  if (keep === undefined && olderThan === undefined && !failed) {
    throw new ToolkitError('USAGE', {
      message: 'say which runs are to go',
      hint: 'give --keep N, --older-than DAYS or --failed; a run goes that fits all that are given',
    });
  }
  const folder = join(checkpointsDir, search ?? '.');
  const searched = new SearchFolder(folder);
  const { lock } = searched;
  const owner = await holderOf(lock);
  if (owner !== undefined) throw new ToolkitError('FOLDER_BUSY', { path: folder, owner });
  const runs = await Promise.all((await listRuns(checkpointsDir, search)).map(candidate));
  const registered = await registeredRuns(registryDir);
  const open = await openTrials(searched);
  const pruning: Pruning = { removed: options.yes, runs: [], spared: [], kept: 0, bytes: 0 };
  for (const run of unwanted(runs, options)) {
    const trial = open.has(run.run) ? 'the search is not over, and may go on with it' : undefined;
    const reason = registered.get(run.run) ?? trial ?? (await inUse(run.source));
    if (reason !== undefined) {
      pruning.spared.push({ run: run.run, reason });
      continue;
    }
    const bytes = await sizeOf(run.folder);
    if (options.yes) {
      const busy = await remove(run.source);
      if (busy !== undefined) {
        pruning.spared.push({ run: run.run, reason: busy });
        continue;
      }
    }
    const { run: name, folder: path, dataset, best, problem } = run;
    pruning.runs.push({ run: name, folder: path, dataset, best, problem, bytes });
    pruning.bytes += bytes;
  }
  return { ...pruning, kept: runs.length - pruning.runs.length };
}

async function candidate(source: RunFolder): Promise<Candidate> {
  const { mtimeMs } = await stat(source.last);
  return { ...(await summariseRun(source)), source, days: (Date.now() - mtimeMs) / MS_PER_DAY };
}

function unwanted(
  runs: readonly Candidate[],
  { keep, olderThan, failed }: Pick<PruneRunsOptions, 'keep' | 'olderThan' | 'failed'>,
): Candidate[] {
  const best = new Set(keep === undefined ? [] : bestOfEach(runs, keep));
  return runs.filter(
    (run) =>
      !best.has(run) &&
      (olderThan === undefined || run.days > olderThan) &&
      (!failed || run.problem !== null || run.best === null),
  );
}

/** The best runs of each data set; those without a result are never among them. */
function bestOfEach(runs: readonly Candidate[], keep: number): Candidate[] {
  const datasets = [...new Set(runs.map(({ dataset }) => dataset))];
  return datasets.flatMap((dataset) =>
    runs
      .filter((run) => run.dataset === dataset && run.best !== null)
      .sort((a, b) => b.best!.accuracy - a.best!.accuracy || a.best!.loss - b.best!.loss)
      .slice(0, keep),
  );
}

/** The runs that registered models were made from, with the first of them. */
async function registeredRuns(registryDir: string): Promise<Map<string, string>> {
  const registry = new ModelRegistry(registryDir);
  const found = new Map<string, string>();
  for (const name of await registry.names()) {
    for (const version of await registry.versions(name)) {
      const { source } = await readManifest(registry.versionFolder(name, version));
      if (!found.has(source.run)) found.set(source.run, `${name}, version ${version}, was made from it`);
    }
  }
  return found;
}

async function inUse({ lock }: RunFolder): Promise<string | undefined> {
  const owner = await holderOf(lock);
  return owner === undefined ? undefined : `in use by ${owner}`;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Removes a run's folder; who looks sees it whole or not at all. Returns who uses it, if somebody does after all. */
async function remove({ path, lock }: RunFolder): Promise<string | undefined> {
  const doomed = join(path, '..', `.pruned-${randomUUID()}`);
  try {
    await withLock(lock, { waitMs: 0 }, () => rename(path, doomed));
    await rm(doomed, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    if (isToolkitError(error) && error.code === 'FOLDER_BUSY') return error.message;
    throw storageError(error, path);
  }
}
