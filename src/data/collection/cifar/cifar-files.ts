import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { corruptError, fileSize, readTextWithin } from '../../../core/files.js';
import { contentRoot } from '../content-root.js';
import { MAX_IMAGES, type SplitName } from '../sample.js';
import { startOf } from '../source-bytes.js';
import { CIFAR_PIXEL_BYTES, cifarLayouts, type CifarLabel, type CifarLayout } from './layouts.js';

/** A file of records. */
export interface CifarFile {
  path: string;
  name: string;
  split: SplitName;
  images: number;
}

/** The files of one data set. */
export interface CifarFiles {
  layout: CifarLayout;
  folder: string;
  /** The names of all regular files there. */
  names: readonly string[];
  files: readonly CifarFile[];
  /** How many there are in all files. */
  images: number;
}

const MAX_NAMES_BYTES = 2 ** 16;
const isPython = (name: string): boolean => /^(data_batch_\d+|test_batch|batches\.meta)$/.test(name);

/** Whether a file, or a folder, is named and built as a binary version of CIFAR is; or holds the Python version, which is refused later. */
export async function looksLikeCifar(place: string): Promise<boolean> {
  const { folder, names } = await namesAt(place);
  if (names.filter(isPython).length > 1) return true;
  const layout = layoutOf(names);
  if (!layout) return false;
  // Other programs have files of such names too: the first record decides.
  const first = names.find((name) => layout.splitOf(name))!;
  const record = await startOf(join(folder, first), layout.labelBytes);
  const labels = [layout.fine, ...(layout.coarse ? [layout.coarse] : [])];
  return labels.every(({ at, classes }) => (record[at] ?? classes) < classes);
}

/**
 * Finds the files of records. Throws SOURCE_REFUSED if there are none, or pickles in their place; DATA_CORRUPT if a file does not hold whole
 * records.
 */
export async function findCifar(place: string): Promise<CifarFiles> {
  const { folder, names } = await namesAt(place);
  const layout = layoutOf(names);
  if (!layout) throw names.some(isPython) ? pythonVersion(place) : noRecords(place);
  const bytes = layout.labelBytes + CIFAR_PIXEL_BYTES;
  const files: CifarFile[] = [];
  for (const name of names) {
    const split = layout.splitOf(name);
    if (!split) continue;
    const path = join(folder, name);
    const size = (await fileSize(path)) ?? 0;
    if (size === 0 || size % bytes !== 0) {
      throw corruptError(
        path,
        `${size} bytes, which are no whole records of ${layout.name} (${bytes} bytes)`,
      );
    }
    files.push({ path, name, split, images: size / bytes });
  }
  const images = files.reduce((sum, file) => sum + file.images, 0);
  if (images > MAX_IMAGES) {
    const hint = 'collect a part of them';
    throw new ToolkitError('SOURCE_REFUSED', { path: place, reason: `more than ${MAX_IMAGES} images`, hint });
  }
  return { layout, folder, names, files, images };
}

/** The names of the classes, if the file with them is there. Throws DATA_CORRUPT if it names another number of classes. */
export async function cifarClassNames(
  { folder, names: there }: CifarFiles,
  { names: file, classes }: CifarLabel,
): Promise<string[] | undefined> {
  if (!there.includes(file)) return undefined;
  const path = join(folder, file);
  const text = (await readTextWithin(path, MAX_NAMES_BYTES)) ?? '';
  const names = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  if (names.length !== classes || new Set(names).size !== classes) {
    throw corruptError(path, `it should name ${classes} classes, one in each line`);
  }
  return names;
}

/** The regular files of a folder, in the order of their names and numbers, or the one file that a source is: a link may lead anywhere. */
async function namesAt(place: string): Promise<{ folder: string; names: string[] }> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory())
    return { folder: dirname(place), names: found?.isFile() ? [basename(place)] : [] };
  const folder = await contentRoot(place);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return { folder, names: names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })) };
}

function layoutOf(names: readonly string[]): CifarLayout | undefined {
  return cifarLayouts.find(({ splitOf }) => names.some((name) => splitOf(name)));
}

function pythonVersion(path: string): ToolkitError {
  return new ToolkitError('SOURCE_REFUSED', {
    path,
    reason: 'it is the Python version of CIFAR: pickles, which can run code when they are loaded',
    hint: 'collect the binary version, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz, from the same page',
  });
}

function noRecords(path: string): ToolkitError {
  return new ToolkitError('SOURCE_REFUSED', {
    path,
    reason: 'it holds none of the files of CIFAR’s binary version',
    hint: 'they are data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and test.bin',
  });
}
