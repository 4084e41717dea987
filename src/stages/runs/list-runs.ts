import { readCheckpointDescription } from '../../artifacts/checkpoint.js';
import type { PrivacyAccount } from '../../artifacts/privacy.js';
import { listRuns, type RunFolder } from '../../artifacts/run.js';
import { isToolkitError } from '../../core/errors.js';
import type { Metrics } from '../../core/events.js';
import { bestEpoch } from '../../training/progress.js';

/** A training run, in a line. */
export interface RunSummary {
  run: string;
  folder: string;
  /** Why the run cannot be used; its other fields are then empty. */
  problem: string | null;
  /** When its latest checkpoint was written. */
  createdAt: string | null;
  dataset: string | null;
  model: string | null;
  epochs: number;
  plannedEpochs: number | null;
  seed: number | null;
  /** Of the best epoch: on the validation split, or else on the training images. */
  best: Metrics | null;
  /** What a private run has spent; missing in others. */
  privacy?: PrivacyAccount;
}

/**
 * The runs in a folder, the latest first, from the headers of their last checkpoints. A damaged run is listed with its problem.
 *
 * @param search a search in that folder, to list its trials instead; throws CHECKPOINT_MISSING where there is no such search
 */
export async function summariseRuns(checkpointsDir: string, search?: string): Promise<RunSummary[]> {
  return Promise.all((await listRuns(checkpointsDir, search)).map(summariseRun));
}

/** A run as a line of a list. */
export async function summariseRun({ name, path, last }: RunFolder): Promise<RunSummary> {
  const known = { run: name, folder: path };
  try {
    const { createdAt, data, model, config, random, progress, privacy } =
      await readCheckpointDescription(last);
    const { history } = progress;
    const best = bestEpoch(history);
    return {
      ...known,
      problem: null,
      createdAt,
      dataset: data.dataset,
      model: model.name,
      epochs: history.length,
      plannedEpochs: Number(config['epochs']),
      seed: random.seed,
      best: best === undefined ? null : (best.validation ?? { loss: best.loss, accuracy: best.accuracy }),
      ...(privacy && { privacy }),
    };
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    const nothing = { dataset: null, model: null, plannedEpochs: null, seed: null, best: null };
    return { ...known, ...nothing, createdAt: null, problem: error.message, epochs: 0 };
  }
}
