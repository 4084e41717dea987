/** The stages that this version has, in the order in which data passes through them. */
export type StageName =
  'runtime' | 'collect' | 'preprocess' | 'train' | 'evaluate' | 'search' | 'embed' | 'deploy';

/** Loss (mean cross-entropy, in nats) and accuracy (share of correct predictions, 0 to 1) over some examples. */
export interface Metrics {
  loss: number;
  accuracy: number;
}

/** What stages tell while they work. A closed union: src/terminal renders each member for people and for programs. */
export type ToolkitEvent =
  | { event: 'stage'; stage: StageName; message: string }
  | { event: 'progress'; task: string; done: number; total: number | undefined; unit: 'bytes' | 'images' }
  | { event: 'backend'; backend: string; device: string; version: string; threads: number | undefined }
  | { event: 'model'; model: string; description: string; parameters: number }
  | { event: 'run'; run: string; folder: string; resumedFromEpoch?: number }
  | TransferEvent
  | BatchEvent
  | EpochEvent
  | TrialEvent
  | { event: 'checkpoint'; kind: 'last' | 'best'; path: string; epoch: number; step: number }
  | { event: 'listening'; url: string; model: string; version: string }
  | { event: 'version'; role: 'production' | 'candidate'; version: string | null }
  | { event: 'warning'; code: string; message: string; hint: string }
  | { event: 'notice'; message: string };

/** What a run took over from another's checkpoint, by layers: those taken, those that start anew, and those that stay as they are. */
export interface TransferEvent {
  event: 'transfer';
  checkpoint: string;
  taken: readonly string[];
  fresh: readonly string[];
  frozen: readonly string[];
}

/** How far an epoch is; for progress bars. */
export interface BatchEvent extends Metrics {
  event: 'batch';
  epoch: number;
  epochs: number;
  images: number;
  totalImages: number;
  imagesPerSecond: number;
}

/** An epoch that has ended: means over its training images, and over the validation split if there is one. */
export interface EpochEvent extends Metrics {
  event: 'epoch';
  epoch: number;
  epochs: number;
  validation: Metrics | null;
  /** How much larger the validation loss is than the training loss; null without a validation split. */
  gap: number | null;
  learningRate: number;
  seconds: number;
  imagesPerSecond: number;
  /** Live tensors and resident memory after it: flat from epoch to epoch, unless something leaks. */
  tensors: number;
  residentBytes: number;
}

/** A trial of a search that changed its state: it begins, reaches a rung, ends or is given up. */
export interface TrialEvent {
  event: 'trial';
  search: string;
  trial: number;
  trials: number;
  state: 'waiting' | 'running' | 'paused' | 'stopped' | 'completed' | 'failed' | 'invalid';
  /** What it tries. */
  settings: Readonly<Record<string, unknown>>;
  epochs: number;
  /** Its best epoch on the validation split. */
  best: Metrics | null;
  /** Why it failed or is invalid. */
  reason: string | null;
}

/** Takes an event; it must not throw. */
export type Emit = (event: ToolkitEvent) => void;

/** What every stage is given beside its artifact and options. */
export interface StageContext {
  emit: Emit;
  /** Aborts the stage; its reason is the error that the stage then throws. */
  signal: AbortSignal;
}

/** A context that nobody listens to and nobody aborts: what library callers get who pass none. */
export function silentContext(partial: Partial<StageContext> = {}): StageContext {
  return { emit: partial.emit ?? (() => undefined), signal: partial.signal ?? new AbortController().signal };
}
