import { join } from 'node:path';

import { z } from 'zod';

import { findPrepared, preparedFolder, writePrepared, type PreparedData } from '../artifacts/prepared.js';
import { findRaw, rawFolder, readRawFile, type RawData } from '../artifacts/raw.js';
import { ToolkitError } from '../core/errors.js';
import { silentContext, type StageContext } from '../core/events.js';
import { writeFileAtomically } from '../core/files.js';
import type { ImageShape, LabelledImages } from '../engine/images.js';
import { MISSING_LABEL } from '../preparation/checks/labels.js';
import { cleaningOptions } from '../preparation/cleaning-options.js';
import type { CleaningReport } from '../preparation/cleaning-report.js';
import { examine, type QualityReport } from '../preparation/quality.js';
import { scalingNames } from '../preparation/scaling.js';
import { stratifiedSplit } from '../preparation/split.js';
import { backendOptions } from './backend-options.js';
import { cleanData, type CleanedData } from './clean-data.js';
import { dataDirOption, datasetOption, seedOption } from './options.js';
import { requireOwnName, selectData } from './select-data.js';

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
  classes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta({ description: 'keep these classes alone, by name, number or range: 0-4', placeholder: 'CLASS,…' }),
  imagesPerClass: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'keep so many training images of each class' }),
  as: datasetOption.unwrap().optional().meta({
    description: 'name of what --classes and --images-per-class select, as a data set of its own',
    placeholder: 'NAME',
  }),
  seed: seedOption,
  ...cleaningOptions,
  ...backendOptions,
});

export type PreprocessOptions = z.output<typeof preprocessFields>;

/** What `preprocess` hands on: the data set, and what was found in it; `prepared/quality.json` holds the latter. */
export interface Preprocessed {
  prepared: PreparedData;
  quality: QualityReport & { cleaning: CleaningReport };
}

/**
 * Stage 2: reads the raw files of a data set strictly, checks that images and labels agree, cleans them as the options say,
 * splits and describes them, and writes `<dataDir>/<dataset>/prepared/`: the data, a data-quality report, all findings, and
 * what was dropped or changed. The raw files stay as they are.
 *
 * Throws DATA_MISSING, DATA_CORRUPT, DATA_UNREADABLE and storage errors, and where a check computes on a backend, what
 * `startBackend` throws.
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
  await requireOwnName(options);
  context.emit({ event: 'stage', stage: 'preprocess', message: `preprocessing ${dataset}` });
  const train = await readSplit(raw, 'train');
  const test = await readSplit(raw, 'test');
  requireSameShape(raw, train.shape, test.shape);
  const classNames = classNamesOf(raw, train, test);
  context.signal.throwIfAborted();

  const data = await cleanData({ train, test, classNames }, raw, options, context);
  const selected = selectData(data, classNames, options);
  const split = stratifiedSplit(selected.train.labels, validationSplit, seed);
  const quality = {
    ...examine(selected.dataset, selected.classNames, selected.train, selected.test, split),
    cleaning: data.report,
  };
  await writePrepared(
    dataDir,
    {
      format: 'mnist-train/prepared',
      version: 1,
      dataset: selected.dataset,
      classNames: selected.classNames,
      shape: train.shape,
      defaults: { scaling, validationSplit, seed },
      ...selected.origin,
      licence: raw.manifest.licence,
      origin: raw.manifest.origin,
    },
    selected.train,
    selected.test,
  );
  const folder = preparedFolder(dataDir, selected.dataset);
  await writeReports(folder, quality, data);
  const prepared = await findPrepared(dataDir, selected.dataset);
  if (!prepared) throw new Error(`${folder} has no data`);
  return { prepared, quality };
}

async function writeReports(
  folder: string,
  quality: Preprocessed['quality'],
  { findings, changes }: CleanedData,
): Promise<void> {
  await writeFileAtomically(join(folder, 'quality.json'), `${JSON.stringify(quality, undefined, 2)}\n`);
  const files = { 'findings.jsonl': findings, 'changes.jsonl': changes };
  for (const [name, records] of Object.entries(files)) {
    const lines = records.map((record) => `${JSON.stringify(record)}\n`);
    await writeFileAtomically(join(folder, name), lines.join(''));
  }
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
function classNamesOf({ manifest }: RawData, train: LabelledImages, test: LabelledImages): string[] {
  if (manifest.classNames.length > 0) return manifest.classNames;
  const found = new Set([...train.labels, ...test.labels]);
  // Only a set that has the class before it too can mean a 256th class by the mark of a missing label.
  if (!found.has(MISSING_LABEL - 1)) found.delete(MISSING_LABEL);
  const count = [...found].reduce((highest, label) => Math.max(highest, label), 0) + 1;
  return Array.from({ length: count }, (_, index) => String(index));
}
