import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { convertPixels, type ImageTarget } from '../../imaging/importing/decode.js';
import { piecesOf } from '../archives/array-pieces.js';
import { NpyFolder } from '../archives/npy-folder.js';
import { NpzArchive, type ArraySource, type NpzArray } from '../archives/npz-archive.js';
import { layoutOf, pixelsOf, summariesOf, type ArrayLayout } from '../arrays/array-images.js';
import { labelsOf } from '../arrays/array-labels.js';
import { namedArrays } from '../arrays/array-names.js';
import { contentRoot } from '../content-root.js';
import { isByteRange, pixelRange, rescaledMessage, type PixelRange } from '../pixel-range.js';
import {
  MAX_IMAGES,
  shapeOf,
  targetFor,
  unlabelledWarning,
  type Note,
  type Sample,
  type SplitName,
} from '../sample.js';
import { printable } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

/** A pair of image and label arrays. */
interface Pair extends ArrayLayout {
  name: string;
  images: NpzArray;
  labels: NpzArray;
  split: SplitName | undefined;
}

/** Arrays of images and labels: a NumPy archive, as MedMNIST and Keras ship them, or a folder of `.npy` files. */
export const npz = sampleKind({
  name: 'npz',
  summary: 'NumPy archive with train_images, train_labels, … as in MedMNIST',

  async recognises(place) {
    return (await findArrays(place)) !== undefined;
  },

  async open(place, options) {
    const found = await findArrays(place);
    const path = found?.path ?? place;
    const source = found?.isFolder ? await NpyFolder.open(path) : await NpzArchive.open(path);
    try {
      const notes: Note[] = [];
      const pairs = await findPairs(source, path, notes);
      const [first] = pairs;
      if (!first) throw noPairs(source, path);
      const target = targetFor(options, { width: first.side, height: first.side, channels: first.channels });
      const summaries = [];
      for (const { images } of pairs) summaries.push(...(await summariesOf(images)));
      const range = pixelRange(summaries, first.images.path);
      if (!isByteRange(range)) notes.push({ event: 'notice', message: rescaledMessage(range) });
      const total = pairs.reduce((sum, { count }) => sum + count, 0);
      const samples = samplesOf(source, pairs, target, range);
      return { shape: shapeOf(target), total, notes, range: range.from, samples };
    } catch (error) {
      source.close();
      throw error;
    }
  },
});

/** An archive, or a folder with one, or a folder of arrays. */
async function findArrays(place: string): Promise<{ path: string; isFolder: boolean } | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory())
    return found && /\.npz$/i.test(place) ? { path: place, isFolder: false } : undefined;
  const root = await contentRoot(place);
  const names = await readdir(root);
  const archives = names.filter((name) => /\.npz$/i.test(name));
  if (archives.length === 1) return { path: join(root, archives[0]!), isFolder: false };
  return names.filter((name) => name.endsWith('.npy')).length > 1
    ? { path: root, isFolder: true }
    : undefined;
}

/** Pairs arrays by name. A test array without labels is ignored with a warning. Throws SOURCE_REFUSED for other incomplete pairs. */
async function findPairs(source: ArraySource, path: string, notes: Note[]): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const { images: imagesName, labels: labelsName, split } of namedArrays(source.names)) {
    const isLeftOut = split === 'test' && labelsName === undefined && pairs.length > 0;
    if (isLeftOut && imagesName !== undefined) {
      notes.push(unlabelledWarning(imagesName));
      continue;
    }
    const images = imagesName === undefined ? undefined : await source.array(imagesName);
    const labels = labelsName === undefined ? undefined : await source.array(labelsName);
    if (!images || !labels || imagesName === undefined) {
      const there = imagesName ?? labelsName ?? '';
      const reason = `it holds ${there} without ${imagesName === undefined ? 'images' : 'labels'} that belong to it`;
      throw new ToolkitError('SOURCE_REFUSED', { path, reason, hint: NAMES_HINT });
    }
    const layout = layoutOf(images);
    if (layout.count > MAX_IMAGES) {
      const reason = `${layout.count} images, more than ${MAX_IMAGES}`;
      throw new ToolkitError('SOURCE_REFUSED', { path: images.path, reason, hint: 'collect a part of them' });
    }
    pairs.push({ name: imagesName, images, labels, split, ...layout });
  }
  const isSplit = pairs.some(({ split }) => split === 'test');
  return pairs.map((pair) => (pair.split === 'train' && !isSplit ? { ...pair, split: undefined } : pair));
}

const NAMES_HINT =
  'name the arrays train_images, train_labels, test_images and test_labels, or images and labels: numpy.savez("set.npz", images=x, labels=y)';

function noPairs({ names }: ArraySource, path: string): ToolkitError {
  const reason = `it holds ${printable(names.join(', ')) || 'nothing'}`;
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint: NAMES_HINT });
}

async function* samplesOf(
  source: ArraySource,
  pairs: readonly Pair[],
  target: ImageTarget,
  range: PixelRange,
): AsyncGenerator<Sample> {
  try {
    for (const pair of pairs) {
      const { side, channels, count, split } = pair;
      const labels = await labelsOf(pair.labels, count);
      let index = 0;
      for await (const piece of piecesOf(pair.images)) {
        const name = `${pair.name}[${index}]`;
        const load = async (): Promise<Uint8Array> => {
          const data = pixelsOf(piece, pair.images, pair, range, name);
          return convertPixels({ width: side, height: side, channels, data }, target);
        };
        yield { name, label: labels[index++] ?? '', split, load };
      }
    }
  } finally {
    source.close();
  }
}
