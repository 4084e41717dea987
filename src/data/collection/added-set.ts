import { readRawFile, type RawData } from '../../artifacts/raw.js';
import { ToolkitError } from '../../core/errors.js';
import type { ImageOptions, Sample, SampleSet, Size } from './sample.js';
import type { Rejection } from '../rejection.js';
import { rowOf } from '../../core/images.js';

/**
 * Appends the images of a source to the training images of a data set. The test images stay the same, so that old and new models can be
 * compared. Throws USAGE if `size` or `channels` differ from those of the data set, SOURCE_REFUSED if its images are neither grey nor RGB, and the
 * errors of `readRawFile` and of `open`.
 */
export async function addedTo(
  base: RawData,
  options: ImageOptions,
  open: (options: ImageOptions) => Promise<SampleSet>,
): Promise<SampleSet> {
  const train = await readSplit(base, 'train');
  const test = await readSplit(base, 'test');
  const { width, height, channels } = train;
  const size = options.size ?? { width, height };
  if (size.width !== width || size.height !== height || (options.channels ?? channels) !== channels) {
    const message = `images of ${base.manifest.dataset} are ${width}×${height} in ${channels} channels`;
    throw new ToolkitError('USAGE', { message, hint: 'omit --size and --channels' });
  }
  const { classNames } = base.manifest;
  const known = classNames.length > 0 ? classNames : numbersUpTo(train.labels, test.labels);
  const added = await open({ ...options, size, channels });
  const { dataset } = base.manifest;
  const samples = async function* (): AsyncGenerator<Sample | Rejection> {
    yield* samplesOf(dataset, train, known);
    yield* samplesOf(dataset, test, known);
    for await (const sample of added.samples) yield inTraining(sample);
  };
  return { ...added, total: undefined, classNames: known, samples: samples() };
}

interface Split extends Size {
  name: 'train' | 'test';
  channels: 1 | 3;
  pixels: Uint8Array;
  labels: Uint8Array;
  /** The number of images before the validation images. */
  trained: number;
}

async function readSplit(base: RawData, name: Split['name']): Promise<Split> {
  const { dimensions, data: pixels } = await readRawFile(base, `${name}-images`);
  const { data: labels } = await readRawFile(base, `${name}-labels`);
  const [, height = 0, width = 0, channels = 1] = dimensions;
  if (channels === 1 || channels === 3) {
    const held = name === 'train' ? (base.manifest.imported?.images.validation ?? 0) : 0;
    return { name, width, height, channels, pixels, labels, trained: labels.length - held };
  }
  const reason = `its images are ${height}×${width} in ${channels} channels`;
  const hint = '--add-to needs a data set of grey or RGB images';
  throw new ToolkitError('SOURCE_REFUSED', { path: base.folder, reason, hint });
}

function numbersUpTo(...labels: readonly Uint8Array[]): string[] {
  const most = labels.flatMap((list) => [...list]).reduce((largest, label) => Math.max(largest, label), 0);
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}

function* samplesOf(dataset: string, split: Split, classNames: readonly string[]): Generator<Sample> {
  const { name, width, height, channels, pixels, labels, trained } = split;
  const bytes = width * height * channels;
  for (const [index, label] of labels.entries()) {
    yield {
      name: `${dataset} ${name}[${index}]`,
      label: classNames[label] ?? String(label),
      split: index < trained ? name : 'validation',
      load: () => Promise.resolve(rowOf(pixels, index, bytes)),
    };
  }
}

function inTraining(sample: Sample | Rejection): Sample | Rejection {
  return 'reason' in sample ? sample : { ...sample, split: 'train' };
}
