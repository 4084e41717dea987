import { dirname } from 'node:path';

import type { Checkpoint } from './checkpoint.js';
import { RunFolder } from './run.js';
import { exists } from '../core/files.js';

/** The folder of a checkpoint's run; undefined if the checkpoint was copied elsewhere. */
export async function runFolderOf({
  path,
  description,
}: Pick<Checkpoint, 'path' | 'description'>): Promise<RunFolder | undefined> {
  const folder = new RunFolder(dirname(path));
  const isRun = (await exists(folder.config)) && folder.name === description.run;
  return isRun ? folder : undefined;
}
