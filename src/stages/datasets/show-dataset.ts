import { join } from 'node:path';

import { preparedFolder, type PreparedData } from '../../artifacts/prepared.js';
import { isAugmentation } from '../../models/augmentation/options.js';
import { readArtifact } from '../../core/encryption/artifact-file.js';
import { ToolkitError, messageOf, systemCodeOf } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { readError, writeFileAtomically, corruptError } from '../../core/files.js';
import { version } from '../../core/version.js';
import { allIndices, type ImageShape, type LabelledImages } from '../../core/images.js';
import { dataCard } from '../../reports/dataset/card.js';
import { contactSheet } from '../../reports/drawing/contact-sheet.js';
import {
  findingsOf,
  findingsOfChecks,
  type Finding,
  type ImagePlace,
} from '../../reports/dataset/findings.js';
import {
  dataAddress,
  mosaic,
  pictureAt,
  pictureOf,
  shrink,
  type Picture,
} from '../../reports/drawing/picture.js';
import { sampleClasses } from '../../reports/dataset/samples.js';
import { meanImages, splitStatistics, type SplitStatistics } from '../../reports/dataset/statistics.js';
import { prepareData, splitOf } from '../preprocess/prepare-data.js';
import type { ShowDatasetOptions } from './show-dataset-options.js';

/** A sample of a class, small enough for a terminal. */
export interface ClassSample {
  className: string;
  /** Its position in the training file. */
  index: number;
  picture: Picture;
}

/** What a data set holds, and what was written of it. */
export interface DatasetView {
  dataset: string;
  shape: ImageShape;
  classNames: readonly string[];
  licence: string;
  origin: string;
  fingerprint: string;
  splits: Readonly<Record<'training' | 'validation' | 'test', SplitStatistics>>;
  /** Undefined where no quality report lies beside the data. */
  findings: readonly Finding[] | undefined;
  /** One of each class that has training images. */
  samples: readonly ClassSample[];
  card: string | null;
  contactSheet: string | null;
}

/** The longest side of a picture on the card, in pixels. */
const CARD_SIDE = 56;
/** The same in a terminal, where five stand side by side. */
const TERMINAL_SIDE = 16;

/**
 * Looks at a prepared data set (stages 1 and 2 are run first where they are missing): counts, pixel statistics, samples, and
 * what its quality report found; writes a contact sheet and a data card where they are asked for.
 *
 * Throws USAGE where augmentation is asked for without a contact sheet, what the earlier stages throw, DATA_CORRUPT for a damaged quality report, and storage errors.
 */
export async function showDataset(
  dataset: string,
  options: ShowDatasetOptions,
  context: StageContext = silentContext(),
): Promise<DatasetView> {
  if (isAugmentation(options) && options.contactSheet === undefined) {
    throw new ToolkitError('USAGE', {
      message: 'what augmentation does is shown on the contact sheet',
      hint: 'name a file for it: --contact-sheet FILE',
    });
  }
  if (options.dataset !== undefined && options.dataset !== dataset) {
    throw new ToolkitError('USAGE', {
      message: `two data sets to show: ${dataset} and ${options.dataset}`,
      hint: 'name one',
    });
  }
  const data = await prepareData({ dataset, dataDir: options.dataDir }, context);
  const { train, test, classNames, defaults } = data;
  const { training, validation } = splitOf(data, defaults.validationSplit, defaults.seed);
  const all = allIndices(test.count);
  const splits = {
    training: splitStatistics(train, training, classNames.length),
    validation: splitStatistics(train, validation, classNames.length),
    test: splitStatistics(test, all, classNames.length),
  };
  context.signal.throwIfAborted();
  const findings = await readFindings(preparedFolder(options.dataDir, dataset));
  const chosen = sampleClasses(train.labels, training, classNames.length, options.perClass, options.seed);
  if (options.contactSheet !== undefined) {
    await writeFileAtomically(options.contactSheet, await sheetOf(data, chosen, options));
  }
  if (options.card !== undefined) {
    await writeFileAtomically(options.card, await cardOf(data, training, splits, chosen, findings));
  }
  const { shape, licence, origin, fingerprint } = data;
  return {
    ...{ dataset, shape, classNames, licence, origin, fingerprint, splits, findings },
    samples: await firstSamples(data, chosen),
    card: options.card ?? null,
    contactSheet: options.contactSheet ?? null,
  };
}

async function readFindings(folder: string): Promise<Finding[] | undefined> {
  const report = await readReport(join(folder, 'quality.json'));
  if (report === undefined) return undefined;
  const checks = await readArtifact(join(folder, 'findings.jsonl')).catch(() => '');
  return [...findingsOf(report), ...findingsOfChecks(checks.toString())];
}

async function readReport(path: string): Promise<unknown> {
  try {
    return JSON.parse((await readArtifact(path)).toString()) as unknown;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw readError(error, path);
    throw corruptError(path, messageOf(error), error);
  }
}

/** Samples of each class; with augmentation, the first of them as it is, and then as training changes it. */
async function sheetOf(
  { train, classNames }: PreparedData,
  chosen: readonly number[][],
  options: ShowDatasetOptions,
): Promise<Buffer> {
  const count = options.perClass - 1;
  const isAugmented = isAugmentation(options) && count > 0;
  const firsts = chosen.flatMap(([first]) => first ?? []);
  const changed = isAugmented
    ? await augmentedPictures(train, firsts, count, options)
    : new Map<number, Picture[]>();
  const rows = classNames.map((name, label) => {
    const indices = isAugmented ? chosen[label]!.slice(0, 1) : chosen[label]!;
    return {
      name,
      pictures: indices.flatMap((index) => [pictureAt(train, index), ...(changed.get(index) ?? [])]),
    };
  });
  return contactSheet(rows);
}

/** What augmentation makes of some images, by index; computed on the CPU, which is fast enough for a sheet. */
async function augmentedPictures(
  images: LabelledImages,
  indices: readonly number[],
  count: number,
  options: ShowDatasetOptions,
): Promise<Map<number, Picture[]>> {
  // What computes is loaded only where it is used.
  const [{ augmentImages }, { startBackend }] = await Promise.all([
    import('../../models/augmentation/augment-images.js'),
    import('../../engine/backends/start.js'),
  ]);
  const request = { device: 'cpu', threads: 1, runtime: undefined, environment: process.env } as const;
  await startBackend('cpu', request, silentContext());
  const copies = augmentImages(images, indices, { count, seed: options.seed }, options);
  const pictures = copies.map((own) => own.map((bytes) => pictureOf(bytes, images.shape)));
  return new Map(indices.map((index, place) => [index, pictures[place]!]));
}

async function firstSamples(
  { train, classNames }: PreparedData,
  chosen: readonly number[][],
): Promise<ClassSample[]> {
  const samples = classNames.map(async (className, label): Promise<ClassSample[]> => {
    const index = chosen[label]![0];
    if (index === undefined) return [];
    return [{ className, index, picture: await shrink(pictureAt(train, index), TERMINAL_SIDE) }];
  });
  return (await Promise.all(samples)).flat();
}

async function cardOf(
  data: PreparedData,
  training: Int32Array,
  splits: DatasetView['splits'],
  chosen: readonly number[][],
  findings: readonly Finding[] | undefined,
): Promise<string> {
  const { train, test, shape, classNames } = data;
  const small = (picture: Picture): Promise<Picture> => shrink(picture, CARD_SIDE);
  const samples = chosen.map(async (indices) => {
    if (indices.length === 0) return undefined;
    return dataAddress(mosaic([await Promise.all(indices.map((index) => small(pictureAt(train, index))))]));
  });
  const means = meanImages(train, training, classNames.length).map(async (bytes) =>
    dataAddress(await small(pictureOf(bytes, shape))),
  );
  const pictures = new Map<string, string>();
  for (const place of (findings ?? []).flatMap(({ examples }) => examples.flat())) {
    const images = place.file === 'train' ? train : test;
    if (place.index >= images.count) continue;
    pictures.set(keyOf(place), await dataAddress(await small(pictureAt(images, place.index))));
  }
  return dataCard({
    ...data,
    toolkit: version,
    splits,
    samples: await Promise.all(samples),
    means: await Promise.all(means),
    findings,
    picture: (place) => pictures.get(keyOf(place)),
    label: ({ file, index }) => classNames[data[file].labels[index] ?? -1] ?? 'no such image',
  });
}

function keyOf({ file, index }: ImagePlace): string {
  return `${file}/${index}`;
}
