import type { PrivacyAccount } from '../../artifacts/privacy.js';
import type { Metrics, OnEpoch, StageContext, ValidatedMetrics } from '../../core/events.js';
import type { WorkerGroup } from '../../engine/distributed/worker-group.js';
import type { Execution } from '../../engine/running/program.js';
import type { Reproduction } from './reproduction.js';

/** What a training run ends with. */
export interface TrainResult {
  run: string;
  folder: string;
  /** The best checkpoint: the one that `test` was measured with. */
  checkpoint: string;
  dataset: string;
  model: string;
  backend: string;
  backendVersion: string;
  device: string;
  threads: number;
  /** How the training step was run; null where nothing was left to train. */
  execution: Execution | null;
  epochs: number;
  bestEpoch: number;
  validation: ValidatedMetrics | null;
  /** How much larger the loss was on the validation split than on the training images, in that epoch. */
  gap: number | null;
  test: Metrics & { n: number };
  /** What a private run has spent; missing in others. */
  privacy?: PrivacyAccount;
  /** How far it came to the same as the run that it repeats; null where it repeats none. */
  reproduction: Reproduction | null;
  /** From the start of the stage to its end. */
  seconds: number;
}

/** The context of a training run. */
export interface TrainContext extends StageContext {
  onEpoch?: OnEpoch | undefined;
  /** The workers that train together, of which this process is one. */
  group?: WorkerGroup | undefined;
}
