import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { z } from 'zod';

import { systemCodeOf, ToolkitError } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import { RunFolder } from './run.js';

const metrics = z.strictObject({ loss: z.number(), accuracy: z.number() });

/**
 * How a trial stands: not begun, in training, at a rung where it waits for the others, given up for better ones, trained to its
 * end, ended by an error, or never begun because its settings do not go together.
 */
const trialStates = [
  ...(['waiting', 'running', 'paused', 'stopped', 'completed', 'failed', 'invalid'] as const),
] as const;

const trialSchema = z.strictObject({
  /** Counts from 1. */
  trial: z.int().min(1),
  /** Which of the search's brackets it belongs to, from 1. */
  bracket: z.int().min(1),
  state: z.enum(trialStates),
  /** The options that were drawn, without those that the drawn model or optimiser does not have. */
  settings: z.record(z.string(), z.unknown()),
  /** Drawn as well, but of no meaning for the drawn model or optimiser. */
  inactive: z.array(z.string()),
  /** On the validation split, epoch by epoch. */
  history: z.array(metrics),
  /** Of training, all rungs together. */
  seconds: z.number(),
  /** Why it failed or is invalid. */
  reason: z.string().nullable(),
});

const stateSchema = z.strictObject({
  format: z.literal('mnist-train/search'),
  version: z.literal(1),
  /** The version of this package that wrote it. */
  toolkit: z.string(),
  search: z.string(),
  createdAt: z.iso.datetime(),
  /** The section `search` of the configuration, and the options that all trials have. */
  settings: z.record(z.string(), z.unknown()),
  fixed: z.record(z.string(), z.unknown()),
  /** The data set's hash; null before it has been read. */
  fingerprint: z.string().nullable(),
  trials: z.array(trialSchema),
});

/** A configuration that a search tries, and how it does. */
export type Trial = z.infer<typeof trialSchema>;
export type TrialState = Trial['state'];

/** All that has to be known to continue a search. */
export type SearchState = z.infer<typeof stateSchema>;

/** A search's folder: its state, and a folder for the run of each trial. */
export class SearchFolder {
  readonly path: string;
  readonly name: string;

  constructor(path: string) {
    this.path = path;
    this.name = basename(path);
  }

  get state(): string {
    return join(this.path, 'search.json');
  }

  get lock(): string {
    return join(this.path, 'search.lock');
  }

  /** The best trial as a configuration that `train` takes. */
  get best(): string {
    return join(this.path, 'best.json');
  }

  get plot(): string {
    return join(this.path, 'trials.svg');
  }

  run(trial: number): RunFolder {
    return new RunFolder(join(this.path, `trial-${String(trial).padStart(3, '0')}`));
  }
}

/** Writes a search's state, whole or not at all. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeSearch(folder: SearchFolder, state: SearchState): Promise<void> {
  await writeFileAtomically(folder.state, `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Reads a search's state. Throws SEARCH_UNUSABLE. */
export async function readSearch(folder: SearchFolder): Promise<SearchState> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(folder.state, 'utf8')));
  } catch (error) {
    const reason = systemCodeOf(error) === 'ENOENT' ? 'there is no such search' : complaintOf(error);
    throw new ToolkitError('SEARCH_UNUSABLE', { path: folder.state, reason }, { cause: error });
  }
}
