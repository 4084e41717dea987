import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { mapInOrder } from '../../core/concurrency.js';
import type { ImageShape } from '../../core/images.js';
import { stratifiedSplit } from '../preparation/split.js';
import { ClassTable } from './tables/class-table.js';
import { classWarnings } from '../data-warnings.js';
import { classCounts } from '../preparation/cleaning/quality.js';
import { CollectedPart } from './collected-part.js';
import { ImportTally } from './import-tally.js';
import { Listing, type ListedFile } from './listing.js';
import type { Sample, SampleSet, SplitName } from './sample.js';
import { labelNamed, MAX_IMAGES } from './sample.js';
import { printable, RejectionError, type Rejection } from '../rejection.js';

/** The files and counts of an import. */
export interface ImportedSamples {
  classNames: string[];
  shape: ImageShape;
  /** The pixel values that were rescaled to 0 and 255. */
  range?: readonly [least: number, most: number];
  train: number;
  /** The number of images, the last ones of the training split, that the source holds out for validation. */
  validation: number;
  test: number;
  rejected: number;
  /** The origin of each image, and the rejections: one JSON object per line. */
  sources: ListedFile;
  rejections: ListedFile;
}

/** How many images are read and decoded concurrently. */
const WIDTH = 16;

interface Loaded {
  sample: Sample;
  label: string;
  pixels: Uint8Array;
}

/** The input and output of an import. */
export interface ImportRequest {
  set: SampleSet;
  /** Archive members rejected earlier. */
  rejected: readonly Rejection[];
  /** The source's name in errors. */
  source: string;
  folder: string;
  testShare: number;
  seed: number;
}

/**
 * Reads and decodes the images of a source concurrently, and writes them in order as IDX files, with two listings: the origin of each
 * image, and the rejections. A bad image is rejected without affecting the others.
 *
 * Throws SOURCE_REFUSED if no usable images remain, STORAGE_FULL or STORAGE_DENIED.
 */
export async function importSamples(request: ImportRequest, context: StageContext): Promise<ImportedSamples> {
  const { set, source, folder, testShare, seed } = request;
  const rejections = await Listing.create(join(folder, 'rejected.jsonl'));
  const classes = new ClassTable(source, set.classNames);
  const listings = [rejections];
  const parts: CollectedPart[] = [];
  try {
    const open = async (name: string): Promise<CollectedPart> => {
      const part = await CollectedPart.create(folder, name, set.shape);
      parts.push(part);
      return part;
    };
    const tally = new ImportTally();
    const reject = async ({ name, reason, label }: Rejection): Promise<void> => {
      tally.reject({ name, reason, label });
      await rejections.add({ name, reason });
    };
    for (const rejection of request.rejected) await reject(rejection);
    const taken = new Map<SplitName | undefined, CollectedPart>();
    await takeAll(request, context, async (outcome) => {
      if ('reason' in outcome) return reject(outcome);
      const { sample, label, pixels } = outcome;
      tally.take(label, pixels);
      let part = taken.get(sample.split);
      if (!part) taken.set(sample.split, (part = await open(sample.split ?? 'whole')));
      await part.add(pixels, classes.numberOf(label), sample.name);
      if (classes.images > MAX_IMAGES) throw refused(source, `more than ${MAX_IMAGES} images`);
    });
    const { train, test } = await bothSplits(taken, open, { testShare, seed, source, rejections, context });
    const order = classes.order();
    const sources = await Listing.create(join(folder, 'sources.jsonl'));
    listings.push(sources);
    for (const [split, part] of [
      ['train', train],
      ['test', test],
    ] as const) {
      await part.finish(order);
      for (const [index, file] of part.names.entries()) {
        await sources.add({ split, index, file, label: classes.nameOf(part.labels[index]!) });
      }
    }
    const classNames = classes.sortedNames();
    const trained = Uint8Array.from(train.labels, (label) => order[label]!);
    const warnings = [
      ...tally.warnings(),
      ...classWarnings(classNames, classCounts(trained, classNames.length)),
    ];
    for (const warning of warnings) context.emit(warning);
    return {
      classNames,
      shape: set.shape,
      ...(set.range && { range: set.range }),
      train: train.count,
      validation: taken.get('validation')?.count ?? 0,
      test: test.count,
      rejected: rejections.count,
      sources: await sources.finish(),
      rejections: await rejections.finish(),
    };
  } finally {
    for (const part of parts) await part.close();
    for (const listing of listings) await listing.close();
  }
}

async function takeAll(
  { set }: ImportRequest,
  { emit, signal }: StageContext,
  take: (outcome: Loaded | Rejection) => Promise<void>,
): Promise<void> {
  let done = 0;
  let shown = 0;
  for await (const outcome of mapInOrder(set.samples, WIDTH, (sample) => load(sample, set.classNames))) {
    signal.throwIfAborted();
    await take(outcome);
    done++;
    const now = performance.now();
    if (now - shown < 100 && done !== set.total) continue;
    shown = now;
    emit({ event: 'progress', task: 'import images', done, total: set.total, unit: 'images' });
  }
}

async function load(
  sample: Sample | Rejection,
  classNames: readonly string[] | undefined,
): Promise<Loaded | Rejection> {
  if ('reason' in sample) return sample;
  try {
    const label = labelNamed(sample.label);
    if (classNames && !classNames.includes(label))
      throw new RejectionError(`"${label}" is none of the classes`);
    return { sample, label, pixels: await sample.load() };
  } catch (error) {
    if (!(error instanceof RejectionError)) throw error;
    return { name: sample.name, reason: error.message, label: sample.label };
  }
}

interface SplitRequest {
  testShare: number;
  seed: number;
  source: string;
  rejections: Listing;
  context: StageContext;
}

/**
 * Returns the source's own splits, or makes a stratified one. Validation images come last in the training split.
 */
async function bothSplits(
  taken: ReadonlyMap<SplitName | undefined, CollectedPart>,
  open: (name: string) => Promise<CollectedPart>,
  { testShare, seed, source, rejections, context }: SplitRequest,
): Promise<{ train: CollectedPart; test: CollectedPart }> {
  const whole = taken.get(undefined);
  if (taken.size === 0) {
    const first = rejections.first;
    throw refused(
      source,
      first ? `no image could be taken; ${printable(first.name)}: ${first.reason}` : 'it holds no images',
    );
  }
  const train = taken.get('train') ?? (await open('train'));
  const test = taken.get('test') ?? (await open('test'));
  if (whole) {
    const split = stratifiedSplit(Uint8Array.from(whole.labels), testShare, seed, 'test-split');
    const isTest = new Uint8Array(whole.count);
    for (const index of split.validation) isTest[index] = 1;
    await whole.divide((index) => (isTest[index] === 1 ? test : train), context.signal);
  }
  for (const [name, part] of [
    ['training', train],
    ['test', test],
  ] as const) {
    if (part.count === 0) throw refused(source, `no images for the ${name} split`);
  }
  await taken.get('validation')?.divide(() => train, context.signal);
  return { train, test };
}

function refused(path: string, reason: string): ToolkitError {
  const hint = 'docs/data-sources.md says what a folder, a table and an archive have to look like';
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}
