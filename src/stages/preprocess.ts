import { join } from 'node:path';

import { z } from 'zod';

import { findPrepared, preparedFolder, writePrepared, type PreparedData } from '../artifacts/prepared.js';
import { findRaw, rawFingerprint, rawFolder, readRawFile, type RawData } from '../artifacts/raw.js';
import { ToolkitError } from '../core/errors.js';
import { silentContext, type StageContext } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import type { ImageShape, LabelledImages } from '../engine/images.js';
import { examine, type QualityReport } from '../preparation/quality.js';
import { scalingNames } from '../preparation/scaling.js';
import { stratifiedSplit } from '../preparation/split.js';
import { dataDirOption, datasetOption, seedOption } from './options.js';

/** The options of `preprocess`. */
export const preprocessFields = z.strictObject({
  dataset: datasetOption,
  dataDir: dataDirOption,
  scaling: z
    .enum(scalingNames)
    .default('standardize')
    .meta({ description: 'what pixels become: 0…1, −1…1, or mean 0 and standard deviation 1' }),
  validationSplit: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .meta({ description: 'share of the training images held back for validation' }),
  seed: seedOption,
});

export type PreprocessOptions = z.output<typeof preprocessFields>;

/** What `preprocess` hands on: the data set, and what was found in it. */
export interface Preprocessed {
  prepared: PreparedData;
  quality: QualityReport;
}

/**
 * Stage 2: reads the raw files of a data set strictly, checks that images and labels agree, splits and describes them, and
 * writes `<dataDir>/<dataset>/prepared/`: the data, and a data-quality report.
 *
 * Throws DATA_MISSING, DATA_CORRUPT, DATA_UNREADABLE and storage errors.
 */
export async function preprocess(
  options: PreprocessOptions,
  context: StageContext = silentContext(),
): Promise<Preprocessed> {
  const { dataset, dataDir, scaling, validationSplit, seed } = options;
  const raw = await findRaw(dataDir, dataset);
  if (!raw) {
    const hint = `run "mnist collect ${dataset}" first`;
    throw new ToolkitError('DATA_MISSING', { path: rawFolder(dataDir, dataset), hint });
  }
  context.emit({ event: 'stage', stage: 'preprocess', message: `preprocessing ${dataset}` });
  const train = await readSplit(raw, 'train');
  const test = await readSplit(raw, 'test');
  requireSameShape(raw, train.shape, test.shape);
  const classNames = classNamesOf(raw, train, test);
  context.signal.throwIfAborted();

  const split = stratifiedSplit(train.labels, validationSplit, seed);
  const quality = examine(dataset, classNames, train, test, split);
  await writePrepared(
    dataDir,
    {
      format: 'mnist-train/prepared',
      version: 1,
      dataset,
      classNames,
      shape: train.shape,
      defaults: { scaling, validationSplit, seed },
      fingerprint: rawFingerprint(raw.manifest),
      licence: raw.manifest.licence,
      origin: raw.manifest.origin,
    },
    train,
    test,
  );
  const report = join(preparedFolder(dataDir, dataset), 'quality.json');
  await writeFileAtomically(report, `${JSON.stringify(quality, undefined, 2)}\n`);
  const prepared = await findPrepared(dataDir, dataset);
  if (!prepared) throw new Error(`${report} has no data beside it`);
  return { prepared, quality };
}

async function readSplit(raw: RawData, name: 'train' | 'test'): Promise<LabelledImages> {
  const images = await readRawFile(raw, `${name}-images`);
  const labels = await readRawFile(raw, `${name}-labels`);
  const [count = 0, height = 0, width = 0, channels = 1] = images.dimensions;
  if (labels.data.length !== count) {
    const path = join(raw.folder, raw.manifest.files[`${name}-labels`].name);
    throw new ToolkitError('DATA_CORRUPT', {
      path,
      reason: `${labels.data.length} labels for ${count} images`,
    });
  }
  return { count, shape: { height, width, channels }, pixels: images.data, labels: labels.data };
}

function requireSameShape({ folder, manifest }: RawData, train: ImageShape, test: ImageShape): void {
  const [trained, tested] = [train, test].map(
    ({ height, width, channels }) => `${height}×${width}×${channels}`,
  );
  if (trained === tested) return;
  const path = join(folder, manifest.files['test-images'].name);
  throw new ToolkitError('DATA_CORRUPT', {
    path,
    reason: `images of ${tested}, where the training has ${trained}`,
  });
}

/** The names in the manifest; where it has none, the numbers up to the highest label. */
function classNamesOf({ folder, manifest }: RawData, train: LabelledImages, test: LabelledImages): string[] {
  const highest = (labels: Uint8Array): number => labels.reduce((max, label) => Math.max(max, label), 0);
  const { classNames, files } = manifest;
  if (classNames.length === 0) {
    const count = Math.max(highest(train.labels), highest(test.labels)) + 1;
    return Array.from({ length: count }, (_, index) => String(index));
  }
  for (const [role, { labels }] of [
    ['train-labels', train],
    ['test-labels', test],
  ] as const) {
    const label = highest(labels);
    if (label < classNames.length) continue;
    const reason = `label ${label} at position ${labels.indexOf(label)}, where there are ${classNames.length} classes`;
    throw new ToolkitError('DATA_CORRUPT', { path: join(folder, files[role].name), reason });
  }
  return classNames;
}
