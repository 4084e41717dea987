import type { EpochEvent, ToolkitEvent } from '../../../core/events.js';
import type { Interruption } from '../../../core/interruption.js';
import type { TrainResult } from '../train-result.js';
import type { ErrorRecord } from './together.js';

/** To stop with a checkpoint, for the reason of a signal. */
export interface StopMessage {
  kind: 'stop';
  code: Interruption;
}

/** To begin with a worker's share of a run. */
export interface StartMessage {
  kind: 'start';
  options: Readonly<Record<string, unknown>>;
  library: string;
  workers: number;
  /** Whether the first worker asks after each epoch whether to go on. */
  asksAfterEpoch: boolean;
}

/** Whether the training ends with the epoch that a worker asked about. */
export interface AnswerMessage {
  kind: 'answer';
  stop: boolean;
}

/** What the launcher tells a worker process. */
export type ToWorker = StartMessage | AnswerMessage | StopMessage;

/** What a worker process tells the launcher. */
export type FromWorker =
  /** The files of the memory that the workers share, which are left over where one is killed. */
  | { kind: 'memory'; files: readonly string[] }
  | { kind: 'event'; event: ToolkitEvent }
  /** Asks for an answer. */
  | { kind: 'epoch'; epoch: EpochEvent }
  | { kind: 'result'; result: TrainResult }
  | { kind: 'error'; error: ErrorRecord };
