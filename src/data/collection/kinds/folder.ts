import { readdir,stat } from 'node:fs/promises';
import { join,posix } from 'node:path';

import { messageOf,systemCodeOf } from '../../../core/errors.js';
import { contentRoot } from '../content-root.js';
import { decodeImage } from '../../imaging/importing/decode.js';
import { labelNamed,shapeOf,splitNamed,targetFor,type Sample,type SplitName } from '../sample.js';
import { SourceFolder } from '../source-files.js';
import { RejectionError,type Rejection } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

const IMAGE_NAME = /\.(png|jpe?g|jfif|webp)$/i;
const MAX_DEPTH = 16;

/** Whether a file is an image by its name. */
export function isImageName(name: string): boolean {
  return IMAGE_NAME.test(name);
}

interface Found {
  name: string;
  label: string;
  split: SplitName | undefined;
}

/** A folder of images, a folder for each class: `cat/1.png`, or `train/cat/1.png` and `test/cat/2.png`. */
export const folder = sampleKind({
  name: 'folder',
  summary: 'images in one folder per class, optionally below train/ and test/',

  async recognises(place) {
    const found = await stat(place).catch(() => undefined);
    if (!found?.isDirectory()) return false;
    const entries = await readdir(await contentRoot(place), { withFileTypes: true });
    return entries.some((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  },

  async open(place, options) {
    const root = await contentRoot(place);
    const files = await SourceFolder.open(root);
    const target = targetFor(options);
    const found = await listImages(root);
    const samples = found.map((entry): Sample | Rejection => {
      if ('reason' in entry) return entry;
      return { ...entry, load: async () => decodeImage(await files.read(entry.name), target) };
    });
    return { shape: shapeOf(target), total: samples.length, samples };
  },
});

/** Whether image files lie side by side in a folder, as those of one class do. */
export async function holdsImages(place: string): Promise<boolean> {
  const names = await readdir(place).catch((): string[] => []);
  return names.some((name) => IMAGE_NAME.test(name));
}

/** Everything below a folder, in the order of the names: images, and what is none and why. */
async function listImages(root: string): Promise<(Found | Rejection)[]> {
  const found: (Found | Rejection)[] = [];
  const tops = await readdir(root, { withFileTypes: true });
  const splits = new Set(tops.filter((entry) => entry.isDirectory()).map(({ name }) => splitNamed(name)));
  // A class may be called "test"; only both together are splits, but training alone is one that we divide.
  const isSplit = splits.has('train') && splits.has('test');
  const isBelowTrain = splits.has('train') && !isSplit;
  const walk = async (path: string, above: readonly string[]): Promise<void> => {
    const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: unknown) => {
      found.push({ name: path, reason: `cannot be read (${systemCodeOf(error) ?? messageOf(error)})` });
      return [];
    });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const name = posix.join(path, entry.name);
      if (entry.isDirectory() && isTaken(entry.name, above.length)) await walk(name, [...above, entry.name]);
      else found.push(judge(name, entry, above));
    }
  };
  const judge = (
    name: string,
    entry: Parameters<typeof problemOf>[0],
    above: readonly string[],
  ): Found | Rejection => {
    try {
      const problem = problemOf(entry);
      if (problem !== undefined) throw new RejectionError(problem);
      const [label, split] = placeOf(above, isSplit, isBelowTrain);
      return { name, label, split };
    } catch (error) {
      return { name, reason: messageOf(error) };
    }
  };
  await walk('', []);
  return found;
}

function isTaken(name: string, depth: number): boolean {
  return !name.startsWith('.') && name !== '__MACOSX' && depth < MAX_DEPTH;
}

function problemOf(entry: {
  name: string;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}): string | undefined {
  if (entry.isDirectory()) return 'a hidden folder, or one too deep';
  if (entry.name.startsWith('.')) return 'a hidden file';
  if (!isImageName(entry.name)) return entry.isSymbolicLink() ? 'a link' : 'not an image by its name';
  // Where a link leads is checked when it is read; what is neither, such as a pipe, is not even opened.
  return entry.isFile() || entry.isSymbolicLink() ? undefined : 'not an ordinary file';
}

/** The class and the split that the folders above a file say. */
function placeOf(
  above: readonly string[],
  isSplit: boolean,
  isBelowTrain: boolean,
): [label: string, split: SplitName | undefined] {
  const [first, ...rest] = above;
  if (first === undefined) throw new RejectionError('outside the folders of the classes');
  const split = isSplit || isBelowTrain ? splitNamed(first) : undefined;
  if (split === undefined && (isSplit || isBelowTrain))
    throw new RejectionError('neither below train nor below test');
  const label = split === undefined ? first : rest[0];
  if (label === undefined) throw new RejectionError('outside the folders of the classes');
  return [labelNamed(label), isBelowTrain && split === 'train' ? undefined : split];
}
