import { join } from 'node:path';

import { readRawFile, type RawData } from '../../artifacts/raw.js';
import type { ImageShape } from '../../core/images.js';
import { MISSING_LABEL } from './checks/labels.js';
import { corruptError } from '../../core/files.js';

/** Reads the labels of a split. Throws DATA_CORRUPT if there is not one per image, and the errors of `readRawFile`. */
export async function readRawLabels(
  raw: RawData,
  name: 'train' | 'test',
  images: number,
): Promise<Uint8Array> {
  const { data: labels } = await readRawFile(raw, `${name}-labels`);
  if (labels.length === images) return labels;
  const path = join(raw.folder, raw.manifest.files[`${name}-labels`].name);
  throw corruptError(path, `${labels.length} labels for ${images} images`);
}

/** Throws DATA_CORRUPT where the test images are of another size than the training images. */
export function requireSameShape({ folder, manifest }: RawData, train: ImageShape, test: ImageShape): void {
  const [trained, tested] = [train, test].map(
    ({ height, width, channels }) => `${height}×${width}×${channels}`,
  );
  if (trained === tested) return;
  const path = join(folder, manifest.files['test-images'].name);
  throw corruptError(path, `images of ${tested}, but the training images are ${trained}`);
}

/** The names in the manifest; where it has none, the numbers up to the highest label. */
export function classNamesOf({ manifest }: RawData, labels: readonly Uint8Array[]): string[] {
  if (manifest.classNames.length > 0) return manifest.classNames;
  const found = new Set<number>();
  for (const split of labels) for (const label of split) found.add(label);
  // Only a set that has the class before it too can mean a 256th class by the mark of a missing label.
  if (!found.has(MISSING_LABEL - 1)) found.delete(MISSING_LABEL);
  const count = [...found].reduce((highest, label) => Math.max(highest, label), 0) + 1;
  return Array.from({ length: count }, (_, index) => String(index));
}
