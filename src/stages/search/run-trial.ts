import type { SearchFolder, Trial } from '../../artifacts/search.js';
import { callerLayer } from '../../core/config/layers.js';
import { DEFAULT_ORIGIN, resolveOptions } from '../../core/config/resolve.js';
import { isToolkitError, messageOf } from '../../core/errors.js';
import type { StageContext, ToolkitEvent } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { backendOptions } from '../../engine/backends/options.js';
import { isInterruption } from '../../core/interruption.js';
import { trainInSession } from '../train/train.js';
import { requireConsistent, trainSpace, type TrainResolution } from '../train/train-options.js';
import type { TrainingSession } from '../train/training-session.js';

/** How far a trial came. */
export interface TrialOutcome extends Pick<Trial, 'history' | 'reason'> {
  state: 'trained' | 'failed' | 'invalid';
}

/** What trains the trials of a search. */
export interface TrialTrainer {
  /**
   * Trains a trial until it has had so many epochs, from where it stands. What is wrong with the trial is part of the outcome;
   * what would be wrong with any other as well is thrown.
   */
  train(trial: Trial, epochs: number): Promise<TrialOutcome>;
}

/** The events of a trial that are passed on; the search reports the rest when the trial ends. */
const FORWARDED: ReadonlySet<ToolkitEvent['event']> = new Set(['batch', 'progress', 'warning']);

/** Trains the runs of a search's trials, one after the other, in one session. */
export class TrialRunner implements TrialTrainer {
  readonly #folder: SearchFolder;
  readonly #fixed: Readonly<Record<string, unknown>>;
  readonly #dataDir: string;
  readonly #maxEpochs: number;
  readonly #session: TrainingSession;
  readonly #context: StageContext;

  /** @param fixed the options that all trials have */
  constructor(
    folder: SearchFolder,
    fixed: Readonly<Record<string, unknown>>,
    dataDir: string,
    maxEpochs: number,
    session: TrainingSession,
    { emit, signal }: StageContext,
  ) {
    this.#folder = folder;
    this.#fixed = fixed;
    this.#dataDir = dataDir;
    this.#maxEpochs = maxEpochs;
    this.#session = session;
    const forward = (event: ToolkitEvent): void => {
      if (FORWARDED.has(event.event)) emit(event);
    };
    this.#context = { signal, emit: forward };
  }

  /** A trial's options as those of a run of its own. Throws the errors of `resolveOptions` and `requireConsistent`. */
  resolve({ trial, settings }: Pick<Trial, 'trial' | 'settings'>, own: object = {}): TrainResolution {
    const place = { dataDir: this.#dataDir, checkpointsDir: this.#folder.path };
    const run = this.#folder.run(trial).name;
    const always = callerLayer({ ...own, ...place, run, epochs: this.#maxEpochs });
    const resolution = resolveOptions(trainSpace, [
      always,
      { ...callerLayer(settings), origin: () => `trial ${trial}` },
      callerLayer(this.#fixed),
    ]);
    return requireConsistent(resolution);
  }

  async train(trial: Trial, epochs: number): Promise<TrialOutcome> {
    const folder = this.#folder.run(trial.trial);
    const resume = (await exists(folder.last)) ? folder.name : undefined;
    const stopAfter = epochs < this.#maxEpochs ? epochs : undefined;
    let resolution: TrainResolution;
    try {
      resolution = this.resolve(trial, { resume, stopAfter });
    } catch (error) {
      return { state: 'invalid', history: trial.history, reason: messageOf(error) };
    }
    try {
      const { history } = await trainInSession(folder, resolution, this.#session, this.#context);
      return {
        state: 'trained',
        history: history.map(({ validation }) => ({
          loss: validation!.loss,
          accuracy: validation!.accuracy,
        })),
        reason: null,
      };
    } catch (error) {
      if (isFatal(error, this.#context.signal)) throw error;
      return { state: 'failed', history: trial.history, reason: messageOf(error) };
    }
  }
}

/** Whether an error has nothing to do with the trial that it came up in: an interruption, storage, data, the backend. */
function isFatal(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || isInterruption(error)) return true;
  if (!isToolkitError(error)) return false;
  if (['STORAGE_FULL', 'STORAGE_DENIED', 'FOLDER_BUSY'].includes(error.code)) return true;
  return error.code !== 'BACKEND_LACKS_KERNELS' && (error.exitCode === 3 || error.exitCode === 4);
}

/** A run's options as a configuration file that makes the same run elsewhere: without what is of this call and machine alone. */
export function reproducibleConfiguration({ flat, origins }: TrainResolution): Record<string, unknown> {
  const local = new Set(['run', 'resume', 'stopAfter', 'dataDir', 'checkpointsDir', 'runtime']);
  const isKept = ([key, value]: [string, unknown]): boolean =>
    value !== undefined && !local.has(key) && !(key in backendOptions && origins.get(key) === DEFAULT_ORIGIN);
  return Object.fromEntries(Object.entries(flat).filter(isKept));
}
