import { findPrepared, rawFingerprintOf, type PreparedData } from '../artifacts/prepared.js';
import { findRaw, rawFingerprint } from '../artifacts/raw.js';
import { isToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import type { ScalingName } from '../preparation/scaling.js';
import type { BackendOptions } from './backend-options.js';
import { collect } from './collect.js';
import { preprocess, preprocessFields } from './preprocess.js';

export interface PrepareDataOptions extends Partial<BackendOptions> {
  dataset: string;
  dataDir: string;
  /** What the data set is prepared with, if it is not prepared yet; undefined leaves it to the defaults. */
  scaling?: ScalingName | undefined;
  validationSplit?: number | undefined;
}

/**
 * A prepared data set: the one that is there, if it was made from the raw files that are there; else stages 1 and 2 are run
 * first. Throws what `collect` and `preprocess` throw.
 */
export async function prepareData(options: PrepareDataOptions, context: StageContext): Promise<PreparedData> {
  const { dataset, dataDir, scaling, validationSplit } = options;
  const found = await findIntact(dataDir, dataset, context);
  const raw = await findRaw(dataDir, dataset);
  if (found && (!raw || rawFingerprint(raw.manifest) === rawFingerprintOf(found))) return found;
  if (!raw) await collect({ dataset, dataDir }, context);
  // What was cleaned once is cleaned again in the same way.
  const { clean, denoise, folds } = found?.cleaning ?? {};
  const wanted = { dataset, dataDir, scaling, validationSplit, clean, denoise, folds, ...backendOf(options) };
  // zod takes a missing key for the default, but not an undefined value.
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const { prepared } = await preprocess(preprocessFields.parse(Object.fromEntries(given)), context);
  return prepared;
}

/** What computes, where the caller has chosen it. */
function backendOf({ backend, device, threads, runtime }: PrepareDataOptions): Partial<BackendOptions> {
  return { backend, device, threads, runtime } as Partial<BackendOptions>;
}

/** What can be made again from the raw files is no reason to stop. */
async function findIntact(
  dataDir: string,
  dataset: string,
  { emit }: StageContext,
): Promise<PreparedData | undefined> {
  try {
    return await findPrepared(dataDir, dataset);
  } catch (error) {
    if (!isToolkitError(error) || error.code !== 'DATA_CORRUPT') throw error;
    const { code, message } = error;
    emit({ event: 'warning', code, message, hint: 'preparing it again' });
    return undefined;
  }
}
