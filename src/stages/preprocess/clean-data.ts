import { join } from 'node:path';

import type { PreparedDescription } from '../../artifacts/prepared.js';
import { rawFingerprint, type RawData } from '../../artifacts/raw.js';
import type { StageContext } from '../../core/events.js';
import { sha256 } from '../../core/hashing.js';
import type { LabelledImages } from '../../core/images.js';
import { unusableLabels } from '../../data/preparation/checks/labels.js';
import {
  clean,
  needsBackend,
  type Cleaned,
  type CleaningInput,
} from '../../data/preparation/cleaning/clean.js';
import { checkModes } from '../../data/preparation/cleaning/cleaning-options.js';
import { reportCleaning, type CleaningReport } from '../../data/preparation/cleaning/cleaning-report.js';
import { crossValidate } from '../../data/preparation/cleaning/cross-validation.js';
import { denoiseImages } from '../../data/preparation/denoise.js';
import { denoisers } from '../../data/preparation/denoisers/index.js';
import { predictInRounds } from '../../data/preparation/cleaning/second-round.js';
import { startChosenBackend, type BackendOptions, executionMode } from '../../engine/backends/options.js';
import { corruptError } from '../../core/files.js';

/** How a data set is to be cleaned. */
export interface CleanDataOptions extends BackendOptions {
  clean: readonly string[];
  denoise: string;
  folds: number;
  seed: number;
}

/** A data set after cleaning. */
export interface CleanedData extends Cleaned {
  report: CleaningReport;
  /** How what was made differs from the raw files, for its description. */
  origin: Pick<PreparedDescription, 'fingerprint' | 'cleaning'>;
}

/** What finds flipped labels of MNIST in a minute or two, and learns enough from some thousand images. */
export const CROSS_VALIDATION = { copies: 4, epochs: 3, steps: 1000 };

/**
 * Cleans the images of raw files as the options say; a backend is started only if a check needs one. Throws DATA_CORRUPT where
 * a label cannot be used and nobody said what to do, or where nothing would be left.
 */
export async function cleanData(
  data: Omit<CleaningInput, 'predict'>,
  raw: RawData,
  options: CleanDataOptions,
  context: StageContext,
): Promise<CleanedData> {
  const modes = checkModes(options.clean);
  if (modes.get('labels') === 'refuse') refuseUnusableLabels(data, raw);
  if (needsBackend(modes)) await startChosenBackend(options, context);
  const { folds, seed } = options;
  const predict: CleaningInput['predict'] = (usable) => {
    requireSome(usable.length, 'train', raw);
    const plan = { ...CROSS_VALIDATION, folds, seed, mode: executionMode(options) };
    const classes = data.classNames.length;
    return predictInRounds(data.train.labels, classes, usable, (learntFrom) =>
      crossValidate(data.train, data.test, learntFrom, classes, plan, context),
    );
  };
  const cleaned = await clean({ ...data, predict }, modes, context);
  requireSome(cleaned.train.count, 'train', raw);
  requireSome(cleaned.test.count, 'test', raw);
  const train = await denoised(cleaned.train, options.denoise, context);
  const test = await denoised(cleaned.test, options.denoise, context);
  const report = reportCleaning(cleaned, modes, options.denoise);
  return { ...cleaned, train, test, report, origin: originOf(raw, options, report, train, test) };
}

async function denoised(
  images: LabelledImages,
  name: string,
  context: StageContext,
): Promise<LabelledImages> {
  const denoiser = denoisers.get(name);
  return denoiser ? denoiseImages(images, denoiser, context) : images;
}

/** The fingerprint is the raw files' where nothing was changed, so that cleaning a clean set changes nothing. */
function originOf(
  { manifest }: RawData,
  { clean, denoise, folds }: CleanDataOptions,
  { dropped, relabelled }: CleaningReport,
  train: LabelledImages,
  test: LabelledImages,
): CleanedData['origin'] {
  const fingerprint = rawFingerprint(manifest);
  const left = dropped.train + dropped.test;
  if (left + relabelled === 0 && denoise === 'none') return { fingerprint };
  return {
    fingerprint: sha256(fingerprint, train.pixels, train.labels, test.pixels, test.labels),
    cleaning: { rawFingerprint: fingerprint, clean: [...clean], denoise, folds, dropped: left, relabelled },
  };
}

function refuseUnusableLabels(data: Omit<CleaningInput, 'predict'>, { folder, manifest }: RawData): void {
  const [first] = unusableLabels(data);
  if (!first) return;
  const label = data[first.split].labels[first.index]!;
  const what = `label ${label} at position ${first.index}, where there are ${data.classNames.length} classes`;
  throw corruptError(
    join(folder, manifest.files[`${first.split}-labels`].name),
    `${what} (--clean labels=drop leaves such images out, --clean labels=fix fills labels in)`,
  );
}

function requireSome(count: number, split: 'train' | 'test', { folder, manifest }: RawData): void {
  if (count > 0) return;
  const path = join(folder, manifest.files[`${split}-images`].name);
  throw corruptError(path, 'cleaning would leave none of its images');
}
