import { join } from 'node:path';

import { openRawImages } from '../../artifacts/raw-images.js';
import { importOf, rawFingerprint, validationMarks, type RawData } from '../../artifacts/raw.js';
import { writeSharded } from '../../artifacts/sharded.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { checkModes } from '../../data/preparation/cleaning/cleaning-options.js';
import { reportCleaning, type CleaningReport } from '../../data/preparation/cleaning/cleaning-report.js';
import { classCounts, type CountedQuality } from '../../data/preparation/cleaning/quality.js';
import type { PixelStatistics } from '../../data/preparation/scaling.js';
import { heldBackShare, validationSplit } from '../../data/preparation/split.js';
import { writeStoredShards } from '../../data/preparation/write-shards.js';
import { classNamesOf, readRawLabels, requireSameShape } from '../../data/preparation/raw-splits.js';
import { shardImagesFor } from '../../data/preparation/sharding-options.js';
import type { PreprocessOptions } from './preprocess-options.js';
import { corruptError } from '../../core/files.js';

/**
 * Puts raw files that do not fit into memory into shards, read in pieces. Images are counted and their labels checked; what compares
 * images with each other needs them in memory, and is refused.
 */
export async function preprocessStored(
  raw: RawData,
  options: PreprocessOptions,
  context: StageContext,
): Promise<CountedQuality & { cleaning: CleaningReport }> {
  refuseWhatNeedsMemory(options);
  const { dataset, dataDir, scaling, seed } = options;
  const { signal } = context;
  const [train, test] = [await openRawImages(raw, 'train', signal), await openRawImages(raw, 'test', signal)];
  try {
    requireSameShape(raw, train.shape, test.shape);
    const labels = {
      train: await readRawLabels(raw, 'train', train.count),
      test: await readRawLabels(raw, 'test', test.count),
    };
    const classNames = classNamesOf(raw, [labels.train, labels.test]);
    for (const split of ['train', 'test'] as const) {
      refuseUnknownLabels(raw, split, labels[split], classNames);
    }
    const marked = { labels: labels.train, ...validationMarks(raw.manifest, train.count) };
    const share = heldBackShare(marked, options.validationSplit);
    const split = validationSplit(marked, share, seed);
    const shardImages = shardImagesFor(options, split.training.length, train.shape);
    let pixels: PixelStatistics = { mean: 0, standardDeviation: 0 };
    await writeSharded(dataDir, dataset, async (writer) => {
      const images = {
        train: { images: train, labels: labels.train },
        test: { images: test, labels: labels.test },
        split,
      };
      pixels = await writeStoredShards(writer, images, { shardImages, seed }, context);
      const fingerprint = rawFingerprint(raw.manifest);
      const { licence, origin } = raw.manifest;
      return {
        ...{ version: 1, dataset, classNames, shape: train.shape, licence, origin, fingerprint, pixels },
        defaults: { scaling, validationSplit: share, seed },
        ...importOf(raw.manifest),
        rawFingerprint: fingerprint,
        making: { shardImages },
      };
    });
    const classes = classNames.length;
    return {
      ...{ dataset, classNames, pixels },
      counts: {
        training: classCounts(labels.train, classes, split.training),
        validation: classCounts(labels.train, classes, split.validation),
        test: classCounts(labels.test, classes),
      },
      cleaning: reportCleaning({ findings: [], changes: [] }, new Map(), 'none'),
    };
  } finally {
    await train.close();
    await test.close();
  }
}

function refuseWhatNeedsMemory({ clean, denoise, augmentTo, as }: PreprocessOptions): void {
  const asked = [...checkModes(clean)].some(
    ([name, mode]) => name !== 'labels' && mode !== checkModes([]).get(name),
  );
  const option = asked
    ? '--clean'
    : denoise !== 'none'
      ? '--denoise'
      : augmentTo !== undefined
        ? '--augment-to'
        : as !== undefined
          ? '--as'
          : undefined;
  if (option === undefined) return;
  throw new ToolkitError('USAGE', {
    message: `${option} needs the whole set in memory, and this one has more than 1 GiB`,
    hint: `clean a smaller set, or leave ${option} out`,
  });
}

function refuseUnknownLabels(
  { folder, manifest }: RawData,
  split: 'train' | 'test',
  labels: Uint8Array,
  classNames: readonly string[],
): void {
  const index = labels.findIndex((label) => label >= classNames.length);
  if (index < 0) return;
  const reason = `label ${labels[index]!} at position ${index}, where there are ${classNames.length} classes`;
  const { name } = manifest.files[`${split}-labels`];
  throw corruptError(join(folder, name), reason);
}
