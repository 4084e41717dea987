import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { z } from 'zod';

import { findRaw } from '../../artifacts/raw.js';
import { firstValue } from '../../core/config/layers.js';
import type { Layer } from '../../core/config/resolve.js';
import { withDefaults } from '../../core/config/resolve.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { datasets } from '../../data/datasets/index.js';
import { collect, collectFields } from '../collect/collect.js';

const { size, fit } = collectFields.shape;
/** Of options that say how the images of a folder are made. */
const onlyWith = { options: ['folder'] };

/** The options of a run on a folder of images. */
export const folderFields = {
  folder: z.string().min(1).optional().meta({
    description: 'folder of your own images, one folder per class, collected anew as a data set of its name',
    placeholder: 'FOLDER',
  }),
  size: size.meta({ ...size.meta(), onlyWith }),
  fit: fit.meta({ ...fit.meta(), onlyWith }),
};

/** What a run on a folder needs to know of it. */
export type FolderSettings = z.output<z.ZodObject<typeof folderFields>> & {
  dataset: string;
  dataDir: string;
};

/** The settings with those of the data set that a folder of images becomes, where no option names it, below all others. */
export function withFolderName(layers: readonly Layer[]): readonly Layer[] {
  const folder = firstValue(layers, 'folder');
  if (typeof folder !== 'string') return layers;
  const own = { dataset: datasetNamed(folder) };
  return [...layers, { values: own, origin: () => folder, label: () => 'dataset' }];
}

/** A data set's name from that of a folder: `../My Photos` becomes `my-photos`. A published data set keeps its name to itself. */
export function datasetNamed(folder: string): string {
  const name = basename(resolve(folder))
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 60);
  if (name === '') return 'images';
  return datasets.get(name) ? `my-${name}` : name;
}

/**
 * Collects the images of a run's folder, if it has one, as they are now, before it trains on them. Throws USAGE where there is no such folder, or where the
 * data set of its name was collected from another place; SOURCE_REFUSED where it holds one class only; and what `collect` throws.
 */
export async function collectFolder(
  { folder, dataset, dataDir, size, fit }: FolderSettings,
  context: StageContext,
): Promise<void> {
  if (folder === undefined) return;
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw await noFolder(folder, found !== undefined, dataDir);
  const earlier = await findRaw(dataDir, dataset).catch(() => undefined);
  const source = earlier?.manifest.source;
  if (source !== undefined && resolve(source) !== resolve(folder)) {
    throw new ToolkitError('USAGE', {
      message: `data set "${dataset}" was collected from ${source}, not from ${folder}`,
      hint: 'give the images of this folder another name with --dataset NAME',
    });
  }
  const { manifest } = await collect(
    withDefaults(collectFields, { dataset, dataDir, from: folder, size, fit }),
    context,
  ).catch((error: unknown) => {
    throw forTraining(error, folder);
  });
  if (manifest.classNames.length > 1) return;
  throw new ToolkitError('SOURCE_REFUSED', {
    path: folder,
    reason: `all images are of one class, "${manifest.classNames[0] ?? ''}", so there is nothing to tell apart`,
    hint: 'put the images of each class into a folder of its own: FOLDER/CLASS/image.png',
  });
}

async function noFolder(folder: string, isFile: boolean, dataDir: string): Promise<ToolkitError> {
  const isDataset = datasets.get(folder) !== undefined || (await isCollected(dataDir, folder));
  const hint = isDataset
    ? `use --dataset ${folder} to train on the data set of this name`
    : isFile
      ? `"mnist collect NAME --from ${folder}" takes other sources, such as tables and archives`
      : 'name a folder with a folder of images for each class: FOLDER/CLASS/image.png';
  return new ToolkitError('USAGE', {
    message: `${folder}: ${isFile ? 'not a folder' : 'no such folder'}`,
    hint,
  });
}

async function isCollected(dataDir: string, name: string): Promise<boolean> {
  return /^[\w.-]+$/.test(name) && (await exists(resolve(dataDir, name)));
}

/** The same error with a hint that `train` understands. */
function forTraining(error: unknown, folder: string): unknown {
  if (!isToolkitError(error) || error.code !== 'SOURCE_REFUSED') return error;
  const reason = error.message.replace(`${folder}: `, '');
  const hint = error.hint.replace('--from ', 'mnist train ');
  return new ToolkitError('SOURCE_REFUSED', { path: folder, reason, hint }, { cause: error });
}
