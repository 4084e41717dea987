import { findPrepared, rawFingerprintOf, type PreparedData, type Split } from '../../artifacts/prepared.js';
import { findRaw, rawFingerprint } from '../../artifacts/raw.js';
import { findSharded, isSharded, type ShardedData } from '../../artifacts/sharded.js';
import { withDefaults } from '../../core/config/resolve.js';
import { isToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { classWarnings } from '../../data/data-warnings.js';
import { classCounts } from '../../data/preparation/cleaning/quality.js';
import type { ScalingName } from '../../data/preparation/scaling.js';
import { validationSplit } from '../../data/preparation/split.js';
import { type BackendOptions, backendOptionsOf } from '../../engine/backends/options.js';
import { collect, collectFields } from '../collect/collect.js';
import { preprocess } from './preprocess.js';
import { sampleOf } from '../../data/preparation/sample-shards.js';
import { preprocessFields } from './preprocess-options.js';

export interface PrepareDataOptions extends Partial<BackendOptions> {
  dataset: string;
  dataDir: string;
  /** What the data set is prepared with, if it is not prepared yet; undefined leaves it to the defaults. */
  scaling?: ScalingName | undefined;
  validationSplit?: number | undefined;
}

/**
 * A prepared data set in memory; of one in shards, a part of the training images stands for all, with a notice. Throws what
 * `prepareStored` throws.
 */
export async function prepareData(options: PrepareDataOptions, context: StageContext): Promise<PreparedData> {
  const data = await prepareStored(options, context);
  return isSharded(data) ? sampleOf(data, context) : data;
}

/**
 * A prepared data set, in memory or in shards: the one that is there, if it was made from the raw files that are there; else stages
 * 1 and 2 are run first. Throws what `collect` and `preprocess` throw.
 */
export async function prepareStored(
  options: PrepareDataOptions,
  context: StageContext,
): Promise<PreparedData | ShardedData> {
  const { dataset, dataDir, scaling, validationSplit } = options;
  const found = await findIntact(dataDir, dataset, context);
  const raw = await findRaw(dataDir, dataset);
  if (found && (!raw || rawFingerprint(raw.manifest) === rawFingerprintOf(found))) {
    warnOfClasses(found, context);
    return found;
  }
  if (!raw) await collect(withDefaults(collectFields, { dataset, dataDir }), context);
  // What was cleaned once is cleaned again in the same way, and what was put into shards is put into them again.
  const { clean, denoise, folds } = found?.cleaning ?? {};
  const { shardImages, augmentTo } = found && isSharded(found) ? found.making : {};
  const wanted = {
    ...{ dataset, dataDir, scaling, validationSplit, clean, denoise, folds, shardImages, augmentTo },
    ...backendOptionsOf(options),
  };
  const { prepared } = await preprocess(withDefaults(preprocessFields, wanted), context);
  return prepared;
}

/** What `preprocess` warns of, once more; of a set in shards the labels are not read for it, so that only a single class is noticed. */
function warnOfClasses(data: PreparedData | ShardedData, { emit }: StageContext): void {
  const { classNames } = data;
  const counts = isSharded(data)
    ? classNames.map(() => 1)
    : classCounts(data.train.labels, classNames.length);
  for (const warning of classWarnings(classNames, counts)) emit(warning);
}

/** Which training images are held back: settled for a set in shards; for others, by share and seed. */
export function splitOf({ train, split }: PreparedData, share: number, seed: number): Split {
  return split ?? validationSplit(train, share, seed);
}

/** What can be made again from the raw files is no reason to stop. */
async function findIntact(
  dataDir: string,
  dataset: string,
  { emit }: StageContext,
): Promise<PreparedData | ShardedData | undefined> {
  try {
    return (await findSharded(dataDir, dataset)) ?? (await findPrepared(dataDir, dataset));
  } catch (error) {
    if (!isToolkitError(error) || error.code !== 'DATA_CORRUPT') throw error;
    const { code, message } = error;
    emit({ event: 'warning', code, message, hint: 'preparing it again' });
    return undefined;
  }
}
