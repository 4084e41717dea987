import { createHash } from 'node:crypto';

import { ToolkitError } from '../../../core/errors.js';
import { version } from '../../../core/version.js';
import type { ActiveBackend } from '../../../engine/backends/backend.js';
import type { WorkerGroup } from '../../../engine/distributed/worker-group.js';
import type { TrainingVariables } from '../../../models/variables.js';
import type { TrainingSet } from '../training-set.js';
import { optionText, type TrainResolution } from '../train-options.js';

/** What workers may differ in: where things lie, and what only the first worker does. */
const LOCAL: ReadonlySet<string> = new Set([
  ...['folder', 'dataDir', 'checkpointsDir', 'runtime', 'mpi', 'plugin', 'workers', 'restarts', 'elastic'],
  ...['run', 'resume', 'initFrom', 'minAccuracy'],
]);

/** What a worker begins with, by what it is. */
type Facts = Record<string, string>;

/**
 * Compares what all workers begin with: versions, options, data, the processor's instructions, and the weights. Each updates its own copy of
 * the weights, so that what differs would drive them apart. Throws WORKER_DIFFERS, which names the worker and the difference.
 */
export async function requireSameStart(
  group: WorkerGroup,
  resolution: TrainResolution,
  backend: ActiveBackend,
  { data, plan }: Pick<TrainingSet, 'data' | 'plan'>,
  variables: TrainingVariables,
): Promise<void> {
  const facts: Facts = {
    'version of mnist-train': version,
    TensorFlow: backend.version,
    backend: backend.name,
    device: backend.device,
    oneDNN: backend.oneDnn === true ? 'on' : 'off',
    'instruction set': backend.instructionSet ?? 'unknown',
    data: `${data.dataset}, fingerprint ${data.fingerprint}`,
    split: JSON.stringify([plan, data.defaults.seed]),
    ...optionsOf(resolution),
    'initial weights': await digestOf(variables),
  };
  const all = await group.share(facts);
  for (const [rank, other] of all.entries()) {
    for (const [what, expected] of Object.entries(all[0]!)) {
      const found = other[what] ?? 'nothing';
      if (found === expected) continue;
      throw new ToolkitError('WORKER_DIFFERS', { worker: `worker ${rank}`, what, found, expected });
    }
  }
}

/** Names, so that an option that differs can be told. */
function optionsOf({ flat }: TrainResolution): Facts {
  const kept = Object.entries(flat).filter(([key]) => !LOCAL.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [`option ${key}`, optionText(value)]));
}

async function digestOf(variables: TrainingVariables): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, { bytes }] of await variables.store()) hash.update(name).update(bytes);
  return hash.digest('hex').slice(0, 16);
}
