import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { readSearch, SearchFolder, type TrialState } from '../../artifacts/search.js';
import { isToolkitError } from '../../core/errors.js';
import type { Metrics } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { bestOf, ranked } from '../../training/search/ranking.js';

/** A search, in a line. */
export interface SearchSummary {
  search: string;
  folder: string;
  /** Why it cannot be read; its other fields are then empty. */
  problem: string | null;
  createdAt: string | null;
  strategy: string | null;
  trials: number;
  /** How many of them the search is done with. */
  ended: number;
  /** Its best trial, with its best epoch on the validation split; null where none has a result. */
  best: (Metrics & { trial: number; run: string }) | null;
}

/** States of trials that a search is yet to train, or may train on. */
const OPEN: ReadonlySet<TrialState> = new Set(['waiting', 'running', 'paused']);

/** The searches in a folder, the latest first; a damaged one with what is wrong with it. */
export async function summariseSearches(checkpointsDir: string): Promise<SearchSummary[]> {
  const names = (await readdir(checkpointsDir).catch(() => [])).filter((name) => !name.startsWith('.'));
  const folders = names.map((name) => new SearchFolder(join(checkpointsDir, name)));
  const found = await Promise.all(
    folders.map(async (folder) => ((await exists(folder.state)) ? [await summariseSearch(folder)] : [])),
  );
  return found.flat().sort((a, b) => ((a.createdAt ?? '') < (b.createdAt ?? '') ? 1 : -1));
}

async function summariseSearch(folder: SearchFolder): Promise<SearchSummary> {
  const known = { search: folder.name, folder: folder.path };
  try {
    const { createdAt, settings, trials } = await readSearch(folder);
    const metric = settings['metric'] === 'loss' ? 'loss' : 'accuracy';
    const [first] = ranked(trials, metric);
    const best = first && bestOf(first, metric);
    return {
      ...{ ...known, problem: null, createdAt, strategy: String(settings['strategy']) },
      trials: trials.length,
      ended: trials.filter(({ state }) => !OPEN.has(state)).length,
      best: best
        ? { trial: first.trial, run: folder.run(first.trial).name, loss: best.loss, accuracy: best.accuracy }
        : null,
    };
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    const nothing = { createdAt: null, strategy: null, trials: 0, ended: 0, best: null };
    return { ...known, ...nothing, problem: error.message };
  }
}

/** The runs that a search is yet to train on, by name; none where the folder is no search. Throws SEARCH_UNUSABLE. */
export async function openTrials(folder: SearchFolder): Promise<ReadonlySet<string>> {
  if (!(await exists(folder.state))) return new Set();
  const { trials } = await readSearch(folder);
  return new Set(trials.filter(({ state }) => OPEN.has(state)).map(({ trial }) => folder.run(trial).name));
}
