import { basename, join, resolve } from 'node:path';

import { z } from 'zod';

import { readArtifact } from '../core/encryption/artifact-file.js';
import { isKeyError } from '../core/encryption/key-errors.js';
import { systemCodeOf, ToolkitError } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import { RunFolder } from './run.js';

const metrics = z.strictObject({ loss: z.number(), accuracy: z.number() });

/**
 * The state of a trial: not started, training, waiting at a rung, stopped early for better ones, trained to the end, failed, or
 * skipped because its options conflict.
 */
const trialStates = [
  ...(['waiting', 'running', 'paused', 'stopped', 'completed', 'failed', 'invalid'] as const),
] as const;

const trialSchema = z.strictObject({
  /** The number of the trial, from 1. */
  trial: z.int().min(1),
  /** The number of its bracket, from 1. */
  bracket: z.int().min(1),
  state: z.enum(trialStates),
  /** The sampled options that apply to the sampled model and optimiser. */
  settings: z.record(z.string(), z.unknown()),
  /** The sampled options that do not apply to the sampled model or optimiser. */
  inactive: z.array(z.string()),
  /** Validation metrics of each epoch. */
  history: z.array(metrics),
  /** The training time over all rungs. */
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
  /** The section `search` of the configuration, and the options common to all trials. */
  settings: z.record(z.string(), z.unknown()),
  fixed: z.record(z.string(), z.unknown()),
  /** The fingerprint of the data set; null before it is read. */
  fingerprint: z.string().nullable(),
  trials: z.array(trialSchema),
});

/** A configuration of a search, and its results. */
export type Trial = z.infer<typeof trialSchema>;
export type TrialState = Trial['state'];

/** The state from which a search can be resumed. */
export type SearchState = z.infer<typeof stateSchema>;

/** A search's folder: its state, and a folder for the run of each trial. */
export class SearchFolder {
  readonly path: string;
  readonly name: string;

  constructor(path: string) {
    this.path = path;
    // Resolved first: the base name of "." is ".".
    this.name = basename(resolve(path));
  }

  get state(): string {
    return join(this.path, 'search.json');
  }

  get lock(): string {
    return join(this.path, 'search.lock');
  }

  /** The configuration of the best trial, for `train`. */
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

/** Writes a search's state atomically. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeSearch(folder: SearchFolder, state: SearchState): Promise<void> {
  await writeFileAtomically(folder.state, `${JSON.stringify(state, undefined, 2)}\n`);
}

/** Reads a search's state. Throws SEARCH_UNUSABLE. */
export async function readSearch(folder: SearchFolder): Promise<SearchState> {
  try {
    return stateSchema.parse(JSON.parse((await readArtifact(folder.state)).toString()));
  } catch (error) {
    if (isKeyError(error)) throw error;
    const reason = systemCodeOf(error) === 'ENOENT' ? 'there is no such search' : complaintOf(error);
    throw new ToolkitError('SEARCH_UNUSABLE', { path: folder.state, reason }, { cause: error });
  }
}
