import { join } from 'node:path';

import { RunFolder } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import { exists } from '../../core/files.js';
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
  const { dataset, model } = configuration;
  return new RunFolder(await automaticFolder(checkpointsDir, `${dataset}-${model.name}`));
}

/** A folder that is not there yet, named after what it is for and the time. */
export async function automaticFolder(parent: string, purpose: string): Promise<string> {
  const [day, time] = new Date().toISOString().split('T');
  const name = `${purpose}-${day!.replaceAll('-', '')}-${time!.slice(0, 8).replaceAll(':', '')}`;
  for (let attempt = 1; ; attempt++) {
    const path = join(parent, attempt === 1 ? name : `${name}-${attempt}`);
    if (!(await exists(path))) return path;
  }
}
