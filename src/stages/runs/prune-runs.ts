import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { listRuns, type RunFolder } from '../../artifacts/run.js';
import { SearchFolder } from '../../artifacts/search.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { storageError } from '../../core/files.js';
import { holderOf, withLock } from '../../core/lock.js';
import { openTrials } from '../search/list-searches.js';
import { summariseRun, type RunSummary } from './list-runs.js';
import { registeredRuns } from './registered-runs.js';
import type { PruneRunsOptions } from './runs-options.js';

/** A run that is removed, or would be, and its size on the disk. */
export interface PrunedRun extends Pick<RunSummary, 'run' | 'folder' | 'dataset' | 'best' | 'problem'> {
  bytes: number;
}

/** What `pruneRuns` removed, or would remove. */
export interface Pruning {
  /** False for a dry run. */
  removed: boolean;
  runs: PrunedRun[];
  /** Runs that match the conditions and are kept all the same. */
  spared: { run: string; reason: string }[];
  /** How many runs are kept. */
  kept: number;
  /** The disk space that is freed. */
  bytes: number;
}

interface Candidate extends RunSummary {
  source: RunFolder;
  /** Since its last checkpoint was written. */
  days: number;
}

const MS_PER_DAY = 86_400_000;

/**
 * Removes the runs that match all given conditions or, without `yes`, lists them. It keeps runs in use, runs that a registered model
 * was made from, and trials that a search may resume. A registry version that cannot be read is a warning; runs that it may have been
 * made from are kept. Throws USAGE where no condition is given, FOLDER_BUSY while a search runs in the folder, CHECKPOINT_MISSING
 * where there is no such search, and storage errors.
 *
 * @param search the search whose trials to prune, instead of the runs beside it
 */
export async function pruneRuns(
  options: PruneRunsOptions,
  search?: string,
  context: StageContext = silentContext(),
): Promise<Pruning> {
  const { keep, olderThan, failed, checkpointsDir, registryDir } = options;
  if (keep === undefined && olderThan === undefined && !failed) {
    throw new ToolkitError('USAGE', {
      message: 'no condition says which runs to remove',
      hint: 'give --keep N, --older-than DAYS or --failed; a run is removed if it matches all that are given',
    });
  }
  const folder = join(checkpointsDir, search ?? '.');
  const searched = new SearchFolder(folder);
  const { lock } = searched;
  const owner = await holderOf(lock);
  if (owner !== undefined) throw new ToolkitError('FOLDER_BUSY', { path: folder, owner, lock });
  const runs = await Promise.all((await listRuns(checkpointsDir, search)).map(candidate));
  const registered = await registeredRuns(registryDir, context);
  const open = await openTrials(searched);
  const pruning: Pruning = { removed: options.yes, runs: [], spared: [], kept: 0, bytes: 0 };
  for (const run of unwanted(runs, options)) {
    const trial = open.has(run.run) ? 'the search is unfinished and may resume it' : undefined;
    const reason = registered(run.run) ?? trial ?? (await inUse(run.source));
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

/** The best runs of each data set; runs without a result are never among them. */
function bestOfEach(runs: readonly Candidate[], keep: number): Candidate[] {
  const datasets = [...new Set(runs.map(({ dataset }) => dataset))];
  return datasets.flatMap((dataset) =>
    runs
      .filter((run) => run.dataset === dataset && run.best !== null)
      .sort((a, b) => b.best!.accuracy - a.best!.accuracy || a.best!.loss - b.best!.loss)
      .slice(0, keep),
  );
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

/** Removes a run's folder; others see it whole or not at all. Returns who uses it, if another process has just begun to. */
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
