import { readCheckpoint } from '../artifacts/checkpoint.js';
import { listRuns } from '../artifacts/run.js';
import { isToolkitError } from '../core/errors.js';
import { exists } from '../core/files.js';
import type { Metrics } from '../core/events.js';
import { bestEpoch } from '../training/progress.js';

/** A training run, in a line. */
export interface RunSummary {
  run: string;
  folder: string;
  /** Why the run cannot be used; its other fields are then empty. */
  problem: string | null;
  createdAt: string | null;
  dataset: string | null;
  model: string | null;
  epochs: number;
  plannedEpochs: number | null;
  seed: number | null;
  /** Of the best epoch: on the validation split, or else on the training images. */
  best: Metrics | null;
}

/** The runs in a folder, the latest first. A damaged one is listed with what is wrong with it. */
export async function summariseRuns(checkpointsDir: string): Promise<RunSummary[]> {
  const runs = await listRuns(checkpointsDir);
  return Promise.all(
    runs.map(async (run): Promise<RunSummary> => {
      const known = { run: run.name, folder: run.path };
      try {
        const path = (await exists(run.best)) ? run.best : run.last;
        const { createdAt, data, model, config, random } = (await readCheckpoint(path)).description;
        const { history } = (await readCheckpoint(run.last)).description.progress;
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
        };
      } catch (error) {
        if (!isToolkitError(error)) throw error;
        const nothing = {
          createdAt: null,
          dataset: null,
          model: null,
          plannedEpochs: null,
          seed: null,
          best: null,
        };
        return { ...known, ...nothing, problem: error.message, epochs: 0 };
      }
    }),
  );
}
