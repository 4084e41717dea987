import { join } from 'node:path';

import { RunFolder } from '../artifacts/run.js';
import { ToolkitError } from '../core/errors.js';
import { exists } from '../core/files.js';
import type { TrainConfiguration } from './train-options.js';

/**
 * The folder of a new run: the one that `run` names, or else one named after the data set, the model and the time, such as
 * `mnist-mlp-20261124-203312`. Throws RUN_EXISTS where the named one is taken.
 */
export async function newRunFolder(configuration: TrainConfiguration): Promise<RunFolder> {
  const { run, checkpointsDir } = configuration;
  if (run !== undefined) {
    const folder = new RunFolder(join(checkpointsDir, run));
    if (await exists(folder.last)) throw new ToolkitError('RUN_EXISTS', { run, folder: folder.path });
    return folder;
  }
  const name = automaticName(configuration, new Date());
  for (let attempt = 1; ; attempt++) {
    const path = join(checkpointsDir, attempt === 1 ? name : `${name}-${attempt}`);
    if (!(await exists(path))) return new RunFolder(path);
  }
}

function automaticName({ dataset, model }: TrainConfiguration, now: Date): string {
  const [day, time] = now.toISOString().split('T');
  return `${dataset}-${model.name}-${day!.replaceAll('-', '')}-${time!.slice(0, 8).replaceAll(':', '')}`;
}
