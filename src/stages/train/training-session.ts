import type { PreparedData } from '../../artifacts/prepared.js';
import type { ShardedData } from '../../artifacts/sharded.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import type { folderFields } from './train-folder.js';
import type { privacyFields } from './privacy-options.js';
import type { workerFields } from './workers/worker-options.js';
import type { TrainConfiguration } from './train-options.js';
import type { StageContext } from '../../core/events.js';
import { prepareStored } from '../preprocess/prepare-data.js';
import { preloadChosenBackend, startChosenBackend } from '../../engine/backends/options.js';

/** What several runs of one process have in common. */
export interface TrainingSession {
  data: PreparedData | ShardedData;
  backend: ActiveBackend;
}

/** Prepares the data and starts the backend of a configuration. Throws what the earlier stages and `startBackend` throw. */
export async function openSession(
  values: Omit<
    TrainConfiguration,
    | keyof typeof privacyFields
    | keyof typeof workerFields
    | keyof typeof folderFields
    | 'findLearningRate'
    | 'metric'
    | 'bestBy'
  >,
  context: StageContext,
  settings: { defaultThreads?: number } = {},
): Promise<TrainingSession> {
  preloadChosenBackend(values, context);
  return {
    data: await prepareStored(values, context),
    backend: await startChosenBackend(values, context, settings),
  };
}
