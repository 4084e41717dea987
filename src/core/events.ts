/** The stages, in pipeline order. */
export type StageName =
  'runtime' | 'collect' | 'preprocess' | 'train' | 'evaluate' | 'search' | 'embed' | 'deploy';

/** Loss (mean cross-entropy, in nats) and accuracy (share of correct predictions, 0 to 1) over some examples. */
export interface Metrics {
  loss: number;
  accuracy: number;
}

/** A metric of a plug-in, beside those that are always measured. */
export interface OwnMetric {
  name: string;
  value: number;
}

/** Metrics on the validation split, and that of `--metric` if there is one. */
export interface ValidatedMetrics extends Metrics {
  metric?: OwnMetric | undefined;
}

/** Progress events of the stages. A closed union: src/terminal renders each member as text and as JSON. */
export type ToolkitEvent =
  | { event: 'stage'; stage: StageName; message: string }
  | {
      event: 'progress';
      task: string;
      done: number;
      total: number | undefined;
      unit: 'bytes' | 'images' | 'steps';
    }
  | BackendEvent
  | { event: 'model'; model: string; description: string; parameters: number }
  | { event: 'run'; run: string; folder: string; resumedFromEpoch?: number }
  | TransferEvent
  | BatchEvent
  | EpochEvent
  | TrialEvent
  | { event: 'checkpoint'; kind: 'last' | 'best'; path: string; epoch: number; step: number }
  | { event: 'listening'; url: string; model: string; version: string; models: string[] }
  | { event: 'version'; model: string; role: 'production' | 'candidate'; version: string | null }
  | { event: 'warning'; code: string; message: string; hint: string }
  | { event: 'notice'; message: string };

/** The backend that a stage computes with. */
export interface BackendEvent {
  event: 'backend';
  backend: string;
  device: string;
  version: string;
  threads: number | undefined;
  /** TensorFlow's: whether it uses oneDNN on the CPU, and the best instruction set that oneDNN may use. */
  oneDnn?: boolean | undefined;
  instructionSet?: string | undefined;
}

/** The layers that a run copied from another checkpoint, those that it initialised, and those that are frozen. */
export interface TransferEvent {
  event: 'transfer';
  checkpoint: string;
  taken: readonly string[];
  fresh: readonly string[];
  frozen: readonly string[];
}

/** The progress of an epoch, for progress bars. */
export interface BatchEvent extends Metrics {
  event: 'batch';
  epoch: number;
  epochs: number;
  images: number;
  totalImages: number;
  imagesPerSecond: number;
}

/** A finished epoch: means over the training images, and over the validation split if there is one. */
export interface EpochEvent extends Metrics {
  event: 'epoch';
  epoch: number;
  epochs: number;
  validation: ValidatedMetrics | null;
  /** Validation loss minus training loss; null without a validation split. */
  gap: number | null;
  learningRate: number;
  seconds: number;
  imagesPerSecond: number;
  /** Live tensors and resident memory after the epoch; they stay constant unless something leaks. */
  tensors: number;
  residentBytes: number;
}

/**
 * Called after each epoch of a run, when its checkpoint is written, and awaited. If it returns `'stop'`, the training ends, as if it was
 * the last epoch; anything else has no effect.
 */
export type OnEpoch = (epoch: EpochEvent) => unknown;

/** A trial of a search whose state changed: it starts, reaches a rung, completes, fails or is stopped. */
export interface TrialEvent {
  event: 'trial';
  search: string;
  trial: number;
  trials: number;
  state: 'waiting' | 'running' | 'paused' | 'stopped' | 'completed' | 'failed' | 'invalid';
  /** The options that it tries. */
  settings: Readonly<Record<string, unknown>>;
  epochs: number;
  /** The metrics of its best epoch on the validation split. */
  best: Metrics | null;
  /** Why it failed or is invalid. */
  reason: string | null;
}

/** Takes an event; it must not throw. */
export type Emit = (event: ToolkitEvent) => void;

/** What every stage receives besides its artifact and options. */
export interface StageContext {
  emit: Emit;
  /** Aborts the stage, which then throws the signal's reason. */
  signal: AbortSignal;
}

/** The default context of library calls: no listener and no abort signal. */
export function silentContext(partial: Partial<StageContext> = {}): StageContext {
  return { emit: partial.emit ?? (() => undefined), signal: partial.signal ?? new AbortController().signal };
}
