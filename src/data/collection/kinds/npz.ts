import { readdir,stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { contentRoot } from '../content-root.js';
import { convertPixels,type ImageTarget } from '../../imaging/importing/decode.js';
import { notIntegers,npyIntegers } from '../archives/npy.js';
import { NpzArchive,piecesOf,type NpzArray } from '../archives/npz-archive.js';
import { MAX_IMAGES,shapeOf,targetFor,type Sample,type SplitName } from '../sample.js';
import { printable } from '../../rejection.js';
import { sampleKind } from './source-kind.js';
import { corruptError } from '../../../core/files.js';

/** Images and labels that belong together. */
interface Pair {
  name: string;
  images: NpzArray;
  labels: NpzArray;
  split: SplitName | undefined;
  count: number;
  side: number;
  channels: 1 | 3;
}

/** The names that arrays have: those of MedMNIST, those of Keras, and plain ones for a set without splits. */
const PAIRS: readonly (readonly [images: string, labels: string, split: SplitName | undefined])[] = [
  ['train_images', 'train_labels', 'train'],
  ['val_images', 'val_labels', 'validation'],
  ['test_images', 'test_labels', 'test'],
  ['x_train', 'y_train', 'train'],
  ['x_test', 'y_test', 'test'],
  ['images', 'labels', undefined],
];
const MAX_SIDE = 1024;

/** A NumPy archive with arrays of images and labels, as MedMNIST and Keras ship them. */
export const npz = sampleKind({
  name: 'npz',
  summary: 'NumPy archive with train_images, train_labels, … as in MedMNIST',

  async recognises(place) {
    return (await findArchive(place)) !== undefined;
  },

  async open(place, options) {
    const path = (await findArchive(place)) ?? place;
    const archive = await NpzArchive.open(path);
    try {
      const pairs = await findPairs(archive, path);
      const [first] = pairs;
      if (!first) {
        const reason = `it holds ${printable(archive.names.join(', ')) || 'nothing'}`;
        const hint = 'the arrays have to be called train_images, train_labels, test_images and test_labels';
        throw new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
      }
      const target = targetFor(options, { size: first.side, channels: first.channels });
      const total = pairs.reduce((sum, { count }) => sum + count, 0);
      return { shape: shapeOf(target), total, samples: samplesOf(archive, pairs, target) };
    } catch (error) {
      archive.close();
      throw error;
    }
  },
});

async function findArchive(place: string): Promise<string | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory()) return found && /\.npz$/i.test(place) ? place : undefined;
  const root = await contentRoot(place);
  const names = (await readdir(root)).filter((name) => /\.npz$/i.test(name));
  return names.length === 1 ? join(root, names[0]!) : undefined;
}

async function findPairs(archive: NpzArchive, path: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [imagesName, labelsName, split] of PAIRS) {
    const images = await archive.array(imagesName);
    const labels = await archive.array(labelsName);
    if (!images && !labels) continue;
    if (!images || !labels) {
      throw corruptError(
        path,
        `it holds ${images ? imagesName : labelsName} without ${images ? labelsName : imagesName}`,
      );
    }
    pairs.push({ name: imagesName, images, labels, split, ...sizesOf(images, labels) });
  }
  const isSplit = pairs.some(({ split }) => split === 'test');
  return pairs.map((pair) => (pair.split === 'train' && !isSplit ? { ...pair, split: undefined } : pair));
}

function sizesOf(images: NpzArray, labels: NpzArray): Pick<Pair, 'count' | 'side' | 'channels'> {
  const { header, path } = images;
  const [count = 0, height = 0, width = 0, channels = 1] = header.shape;
  if (header.type.slice(1) !== 'u1') throw notIntegers(path, header.type);
  const isImages = [3, 4].includes(header.shape.length) && height === width && width <= MAX_SIDE;
  if (!isImages || (channels !== 1 && channels !== 3)) {
    throw corruptError(
      path,
      `of shape (${header.shape.join(', ')}), where square images in one or three channels are needed`,
    );
  }
  const [labelCount = 0, columns = 1, ...more] = labels.header.shape;
  if (columns !== 1 || more.length > 0) {
    throw corruptError(
      labels.path,
      `of shape (${labels.header.shape.join(', ')}): an image may have one label only`,
    );
  }
  // Labels are read as a whole.
  if (count > MAX_IMAGES) throw corruptError(path, `${count} images, more than ${MAX_IMAGES}`);
  if (labelCount !== count) throw corruptError(labels.path, `${labelCount} labels for ${count} images`);
  return { count, side: width, channels };
}

async function* samplesOf(
  archive: NpzArchive,
  pairs: readonly Pair[],
  target: ImageTarget,
): AsyncGenerator<Sample> {
  try {
    for (const { name, images, labels, split, side, channels } of pairs) {
      const parts: Buffer[] = [];
      for await (const part of labels.read()) parts.push(part);
      const names = npyIntegers(labels.header, Buffer.concat(parts));
      let index = 0;
      for await (const data of piecesOf(images, side * side * channels)) {
        const label = String(names.next().value);
        const load = (): Promise<Uint8Array> =>
          convertPixels({ width: side, height: side, channels, data }, target);
        yield { name: `${name}[${index++}]`, label, split, load };
      }
    }
  } finally {
    archive.close();
  }
}
