import type { ToolkitEvent } from '../../../core/events.js';
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
}

/** What the launcher tells a worker process. */
export type ToWorker = StartMessage | StopMessage;

/** What a worker process tells the launcher. */
export type FromWorker =
  /** The files of the memory that the workers share, which are left over where one is killed. */
  | { kind: 'memory'; files: readonly string[] }
  | { kind: 'event'; event: ToolkitEvent }
  | { kind: 'result'; result: TrainResult }
  | { kind: 'error'; error: ErrorRecord };
