import type { Trial } from '../../artifacts/search.js';
import type { ToolkitEvent } from '../../core/events.js';
import type { StopMessage } from '../train/workers/messages.js';
import type { ErrorRecord } from '../train/workers/together.js';
import type { TrialOutcome } from './run-trial.js';

/** What all trials of a search have in common, as its workers get it. */
export interface TrialTask {
  /** The options of the search, as they were given. */
  options: Readonly<Record<string, unknown>>;
  /** The folder of the search. */
  folder: string;
  fixed: Readonly<Record<string, unknown>>;
  workers: number;
}

/** To train a trial until it has had so many epochs. */
export interface TrialMessage {
  kind: 'trial';
  trial: Trial;
  epochs: number;
}

/** What a search tells a worker. */
export type ToTrialWorker = { kind: 'start'; task: TrialTask } | TrialMessage | { kind: 'end' } | StopMessage;

/** What a worker tells the search. */
export type FromTrialWorker =
  | { kind: 'event'; event: ToolkitEvent }
  | { kind: 'outcome'; outcome: TrialOutcome }
  /** What is wrong has nothing to do with the trial. */
  | { kind: 'error'; error: ErrorRecord };
