import { ToolkitError } from '../../../core/errors.js';

/** Where in a table's records things stand. */
export interface CsvColumns {
  label: number;
  split: number | undefined;
  /** A column of file names, or columns of pixels: those at these positions, in this order. */
  content: { file: number } | { pixels: number[]; side: number; channels: 1 | 3 };
  /** Whether the first record names the columns. */
  hasHeader: boolean;
  count: number;
}

const LABEL_NAMES = ['label', 'labels', 'class', 'class_name', 'classname', 'category', 'target', 'y'];
const FILE_NAMES = [
  'file',
  'filename',
  'file_name',
  'filepath',
  'path',
  'image',
  'image_path',
  'img',
  'image_id',
  'id',
];
const SPLIT_NAMES = ['split', 'set', 'subset', 'usage', 'fold', 'partition'];
/** With fewer columns, a table holds names of files. */
const FEWEST_PIXELS = 4;

/**
 * Finds out what the columns of a table are, from its first record: by their names, or, without names, a label and pixels in
 * MNIST's usual order, or a file's name and a label. Throws SOURCE_REFUSED.
 */
export function findColumns(first: readonly string[], path: string): CsvColumns {
  const names = first.map((field) => field.trim().toLowerCase());
  const indexOf = (candidates: readonly string[]): number | undefined => {
    const found = candidates.map((name) => names.indexOf(name)).find((index) => index >= 0);
    return found;
  };
  const label = indexOf(LABEL_NAMES);
  const count = first.length;
  if (label === undefined) return withoutHeader(first, path);
  const split = indexOf(SPLIT_NAMES);
  const file = indexOf(FILE_NAMES);
  if (file !== undefined) return { label, split, content: { file }, hasHeader: true, count };
  const pixels = names.map((_, index) => index).filter((index) => index !== label && index !== split);
  return { label, split, content: pixelColumns(pixels, path), hasHeader: true, count };
}

function withoutHeader(first: readonly string[], path: string): CsvColumns {
  const count = first.length;
  const areNumbers = first.every((field) => /^\s*\d+(\.0*)?\s*$/.test(field));
  if (areNumbers && count > FEWEST_PIXELS) {
    const pixels = Array.from({ length: count - 1 }, (_, index) => index + 1);
    return { label: 0, split: undefined, content: pixelColumns(pixels, path), hasHeader: false, count };
  }
  const file = first.findIndex((field) => /\.(png|jpe?g|jfif|webp)\s*$/i.test(field));
  if (count === 2 && file >= 0) {
    return { label: 1 - file, split: undefined, content: { file }, hasHeader: false, count };
  }
  const hint = `name the columns in the first line: "label", and "file" or pixels, and perhaps "split"`;
  throw new ToolkitError('SOURCE_REFUSED', { path, reason: 'no column of it is called "label"', hint });
}

function pixelColumns(pixels: number[], path: string): { pixels: number[]; side: number; channels: 1 | 3 } {
  const number = pixels.length;
  for (const channels of [1, 3] as const) {
    const side = Math.sqrt(number / channels);
    if (number >= FEWEST_PIXELS && Number.isInteger(side)) return { pixels, side, channels };
  }
  const reason = `beside the label it has ${number} columns: neither a column "file" nor the pixels of a square image`;
  const hint =
    'name the column of the files "file"; pixels have to be as many as a square has, times three for colours';
  throw new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}
