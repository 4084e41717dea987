import { join } from 'node:path';

import {
  findPrepared,
  preparedFolder,
  writePrepared,
  type PreparedData,
  type PreparedDescription,
} from '../../artifacts/prepared.js';
import {
  findRaw,
  importOf,
  rawFingerprint,
  rawFolder,
  readRawFile,
  validationMarks,
  type RawData,
} from '../../artifacts/raw.js';
import { findSharded, removeSharded, writeSharded, type ShardedData } from '../../artifacts/sharded.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { writeFileAtomically } from '../../core/files.js';
import type { LabelledImages } from '../../core/images.js';
import { classWarnings, darknessOf } from '../../data/data-warnings.js';
import type { CleaningReport } from '../../data/preparation/cleaning/cleaning-report.js';
import { examine, type CountedQuality } from '../../data/preparation/cleaning/quality.js';
import { heldBackShare, validationSplit } from '../../data/preparation/split.js';
import { writeShards } from '../../data/preparation/write-shards.js';
import { cleanData, type CleanedData } from './clean-data.js';
import { preprocessStored } from './preprocess-stored.js';
import { classNamesOf, readRawLabels, requireSameShape } from '../../data/preparation/raw-splits.js';
import { requireOwnName, selectData } from './select-data.js';
import { MEMORY_BYTES, shardImagesFor, wantsShards } from '../../data/preparation/sharding-options.js';
import type { PreprocessOptions } from './preprocess-options.js';

/** What `preprocess` hands on: the data set, and what was found in it; `prepared/quality.json` holds the latter. */
export interface Preprocessed {
  prepared: PreparedData | ShardedData;
  quality: CountedQuality & { cleaning: CleaningReport };
}

/**
 * Stage 2: reads the raw files of a data set strictly, checks that images and labels agree, cleans them as the options say,
 * splits and describes them, and writes `<dataDir>/<dataset>/prepared/`: the data, a data-quality report, all findings, and
 * what was dropped or changed. The raw files stay as they are. A set that does not fit into memory is put into shards.
 *
 * Throws USAGE, DATA_MISSING, DATA_CORRUPT, DATA_UNREADABLE and storage errors, and where a check computes on a backend, what
 * `startBackend` throws.
 *
 * @param memoryBytes what a set may have to be held in memory
 */
export async function preprocess(
  options: PreprocessOptions,
  context: StageContext = silentContext(),
  memoryBytes = MEMORY_BYTES,
): Promise<Preprocessed> {
  const { dataset, dataDir, scaling, seed } = options;
  const raw = await findRaw(dataDir, dataset);
  if (!raw) {
    const hint = `run "mnist collect ${dataset}" first`;
    throw new ToolkitError('DATA_MISSING', { path: rawFolder(dataDir, dataset), hint });
  }
  await requireOwnName(options);
  context.emit({ event: 'stage', stage: 'preprocess', message: `preprocessing ${dataset}` });
  const { files } = raw.manifest;
  const bytes = files['train-images'].bytes + files['test-images'].bytes;
  if (bytes > memoryBytes) {
    const quality = await preprocessStored(raw, options, context);
    await writeReports(preparedFolder(dataDir, dataset), quality, { findings: [], changes: [] });
    warnOfClasses(quality, context);
    return { prepared: await whatWasWritten(dataDir, dataset), quality };
  }
  const train = await readSplit(raw, 'train');
  const test = await readSplit(raw, 'test');
  requireSameShape(raw, train.shape, test.shape);
  const classNames = classNamesOf(raw, [train.labels, test.labels]);
  context.signal.throwIfAborted();

  const data = await cleanData({ train, test, classNames }, raw, options, context);
  const selected = selectData(data, classNames, options);
  const share = heldBackShare(selected.train, options.validationSplit);
  const split = validationSplit(selected.train, share, seed);
  const quality = {
    ...examine(selected.dataset, selected.classNames, selected.train, selected.test, split),
    cleaning: data.report,
  };
  const description: PreparedDescription = {
    format: 'mnist-train/prepared',
    version: 1,
    dataset: selected.dataset,
    classNames: selected.classNames,
    shape: train.shape,
    defaults: { scaling, validationSplit: share, seed },
    ...selected.origin,
    ...importOf(raw.manifest),
    licence: raw.manifest.licence,
    origin: raw.manifest.origin,
  };
  if (wantsShards(options)) {
    const shardImages = shardImagesFor(options, split.training.length, train.shape);
    const { augmentTo } = options;
    await writeSharded(dataDir, selected.dataset, async (writer) => {
      const images = { train: selected.train, test: selected.test, split };
      await writeShards(writer, images, { shardImages, augmentTo, seed }, context);
      const making = { shardImages, ...(augmentTo !== undefined && { augmentTo }) };
      const { pixels } = quality;
      return { ...description, rawFingerprint: rawFingerprint(raw.manifest), making, pixels };
    });
  } else {
    await writePrepared(dataDir, description, selected.train, selected.test);
    await removeSharded(dataDir, selected.dataset);
  }
  await writeReports(preparedFolder(dataDir, selected.dataset), quality, data);
  warnOfClasses(quality, context);
  for (const warning of darknessOf(selected.train.pixels)) context.emit(warning);
  return { prepared: await whatWasWritten(dataDir, selected.dataset), quality };
}

function warnOfClasses({ classNames, counts }: CountedQuality, { emit }: StageContext): void {
  for (const warning of classWarnings(classNames, counts.training)) emit(warning);
}

async function whatWasWritten(dataDir: string, dataset: string): Promise<PreparedData | ShardedData> {
  const prepared = (await findSharded(dataDir, dataset)) ?? (await findPrepared(dataDir, dataset));
  if (!prepared) throw new Error(`${preparedFolder(dataDir, dataset)} has no data`);
  return prepared;
}

async function writeReports(
  folder: string,
  quality: Preprocessed['quality'],
  { findings, changes }: Pick<CleanedData, 'findings' | 'changes'>,
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
  const [count = 0, height = 0, width = 0, channels = 1] = images.dimensions;
  const labels = await readRawLabels(raw, name, count);
  const marks = name === 'train' ? validationMarks(raw.manifest, count) : {};
  return { count, shape: { height, width, channels }, pixels: images.data, labels, ...marks };
}
