import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { runFolderOf } from '../../artifacts/run-folder.js';
import { callerLayer } from '../../core/config/layers.js';
import { resolveOptions, type Layer } from '../../core/config/resolve.js';
import { pluginOptions } from '../../core/config/common-options.js';
import { ToolkitError } from '../../core/errors.js';
import type { TrainingRecipe } from '../../deployment/source.js';
import { reproducibleConfiguration } from '../search/run-trial.js';
import {
  requireConsistent,
  requireStoredPlugins,
  trainSpace,
  trustedSettings,
} from '../train/train-options.js';
import { requireSupportedOptions } from '../train/workers/supported.js';
import { workerFields } from '../train/workers/worker-options.js';

/** What the machine of a run had, which says nothing of another one; how images of a folder were made, which is done; and what its call asked for. */
const LOCAL: ReadonlySet<string> = new Set([
  ...['backend', 'device', 'threads', 'deterministic', 'gpuMemoryGrowth', 'accumulate'],
  ...['folder', 'size', 'fit', 'findLearningRate', 'plot'],
  ...Object.keys(pluginOptions),
  ...Object.keys(workerFields),
]);

/** The recipe of a checkpoint's run: `DeploymentSource.trainingRecipe`. */
export async function trainingRecipe(checkpoint: Checkpoint, workers: number): Promise<TrainingRecipe> {
  const { path, description } = checkpoint;
  if (description.origin) {
    throw new ToolkitError('EXPORT_UNSUPPORTED', {
      target: 'a training job',
      reason: `${description.run} was imported, so there is no training to repeat`,
      hint: `train it further as a run of your own with "mnist train --init-from ${description.run}", and deploy that`,
    });
  }
  requireStoredPlugins(path, description);
  const stored = callerLayer(withoutLocal(trustedSettings(description.config)));
  const layer: Layer = { ...stored, origin: () => `run "${description.run}"`, isShared: true };
  const resolution = requireConsistent(resolveOptions(trainSpace, [layer]));
  requireSupportedOptions(resolution.values, workers);
  return {
    options: withoutLocal(reproducibleConfiguration(resolution)),
    dataset: resolution.values.dataset,
    folder: await runFolderOf(checkpoint),
  };
}

function withoutLocal(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !LOCAL.has(key)));
}
