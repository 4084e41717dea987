import { ToolkitError } from '../../../core/errors.js';
import { isImageName } from '../../imaging/image-names.js';
import { FEWEST_PIXELS, numberedPixels, squareOf, type PixelColumns } from './pixel-order.js';

/** The columns of a table. */
export interface CsvColumns {
  /** Undefined for a table of pixels without labels. */
  label: number | undefined;
  split: number | undefined;
  /** A column of file names, or columns of pixels. */
  content: { file: number } | PixelColumns;
  /** Whether the first record names the columns. */
  hasHeader: boolean;
  count: number;
  /** Notices about how the columns were interpreted. */
  notes: string[];
}

const LABEL_NAMES = [
  ...[
    'label',
    'labels',
    'class',
    'classes',
    'class_name',
    'classname',
    'class_id',
    'category',
    'target',
    'targets',
  ],
  ...['y', 'digit', 'letter', 'character'],
];
const FILE_NAMES = [
  ...[
    'file',
    'filename',
    'file_name',
    'filepath',
    'file_path',
    'path',
    'image',
    'image_path',
    'image_name',
    'img',
  ],
  ...['image_id', 'imageid', 'id'],
];
const SPLIT_NAMES = ['split', 'set', 'subset', 'usage', 'fold', 'partition'];
/** Names of row number columns. pandas writes an unnamed one for its index. */
const INDEX_NAMES =
  /^(|#|unnamed: ?\d+.*|index|level_\d+|idx|row|row_?(id|number)|no|nr|id|image_?id|image)$/;
/** A row of 512×512 pixels in three channels has fewer. */
const MAX_COLUMNS = 2 ** 20;
const NUMBER = /^\s*[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?\s*$/i;

/**
 * Detects the columns of a table from its first records: by name, or, without names, as a label and pixels in order, or a file name
 * and a label. Throws SOURCE_REFUSED.
 *
 * @param labelAt the position of the label in a numeric table without names
 */
export function findColumns(
  records: readonly (readonly string[])[],
  path: string,
  labelAt: 'first' | 'last' = 'first',
): CsvColumns {
  const [first = []] = records;
  if (first.length > MAX_COLUMNS) throw noSquare(first.length - 1, path);
  if (first.length > FEWEST_PIXELS && countsUp(first)) {
    return { ...withoutNames(records.slice(1), path, labelAt), hasHeader: true };
  }
  if (isNumbersAlone(first) || hasLabelAmongNumbers(first)) return withoutNames(records, path, labelAt);
  const file = first.findIndex((field) => isImageName(field.trim()));
  if (file >= 0 && first.length === 2) {
    const content = { file };
    return { label: 1 - file, split: undefined, content, hasHeader: false, count: 2, notes: [] };
  }
  return withNames(records, path);
}

/** Whether a record has only numbers, so that it is not a header. */
export function isNumbersAlone(fields: readonly string[]): boolean {
  return (
    fields.length > FEWEST_PIXELS &&
    fields.every((field) => field === '' || NUMBER.test(field)) &&
    fields[0] !== ''
  );
}

/** Whether a header has pandas' default names: 0, 1, 2 …, optionally after a blank one for the index. */
function countsUp(fields: readonly string[]): boolean {
  const start = fields[0]?.trim() === '' ? 1 : 0;
  return fields.every((field, at) => at < start || field.trim() === String(at - start));
}

/** Whether a record has a text label before or after numbers. */
function hasLabelAmongNumbers(fields: readonly string[]): boolean {
  if (fields.length <= FEWEST_PIXELS) return false;
  const words = [...fields.keys()].filter((at) => !NUMBER.test(fields[at]!) && fields[at]!.trim() !== '');
  const [only] = words;
  const isAtEnd = only === 0 || only === fields.length - 1;
  return words.length === 1 && isAtEnd && !LABEL_NAMES.includes(fields[only]!.trim().toLowerCase());
}

/** The columns of a table without names, except row numbers and empty columns: label and pixels. */
export function meaningfulColumns(records: readonly (readonly string[])[]): { from: number; to: number } {
  const [first = []] = records;
  const isEmpty = (at: number): boolean => records.every((fields) => (fields[at] ?? '').trim() === '');
  let to = first.length;
  while (to > 1 && isEmpty(to - 1)) to--;
  const isIndexed = squareOf(to - 1) === undefined && squareOf(to - 2) !== undefined && isCounter(records, 0);
  return { from: isIndexed ? 1 : 0, to };
}

/** Whether a column contains consecutive row numbers. */
function isCounter(records: readonly (readonly string[])[], at: number): boolean {
  const numbers = records.map((fields) => (fields[at]?.trim() ? Number(fields[at]) : NaN));
  return numbers.every((value, row) => value === numbers[0]! + row);
}

function withoutNames(
  records: readonly (readonly string[])[],
  path: string,
  labelAt: 'first' | 'last',
): CsvColumns {
  const [first = []] = records;
  const { from, to } = meaningfulColumns(records);
  const word = first.findIndex((field) => field.trim() !== '' && !NUMBER.test(field));
  const label = word >= 0 ? word : labelAt === 'first' ? from : to - 1;
  const positions = Array.from({ length: to - from }, (_, index) => from + index);
  const pixels = positions.filter((at) => at !== label);
  const found = { split: undefined, hasHeader: false, count: first.length, notes: [] };
  const shape = squareOf(pixels.length);
  if (shape) return { ...found, label, content: { pixels, ...shape } };
  const whole = squareOf(positions.length);
  if (whole) return { ...found, label: undefined, content: { pixels: positions, ...whole } };
  throw noSquare(pixels.length, path);
}

function withNames(records: readonly (readonly string[])[], path: string): CsvColumns {
  const [first = [], ...rows] = records;
  const names = first.map((field) => field.trim().toLowerCase());
  const indexOf = (candidates: readonly string[]): number | undefined =>
    candidates.map((name) => names.indexOf(name)).find((index) => index >= 0);
  const [label, split, file] = [indexOf(LABEL_NAMES), indexOf(SPLIT_NAMES), indexOf(FILE_NAMES)];
  const found = { label, split, hasHeader: true, count: first.length, notes: [] };
  const isOfFiles = file !== undefined && rows.some((fields) => !NUMBER.test(fields[file] ?? ''));
  if (isOfFiles && label !== undefined) return { ...found, content: { file } };
  const rest = new Map([...names.entries()].filter(([at]) => at !== label && at !== split));
  for (const [at, name] of rest) if (isLeftOut(at, name, rows)) rest.delete(at);
  const numbered = numberedPixels(rest, path);
  if (numbered) return withNumbered({ ...found, content: numbered }, rest, first);
  if (label === undefined) throw noLabel(path);
  if (file !== undefined) return { ...found, content: { file } };
  const pixels = [...rest.keys()];
  const shape = squareOf(pixels.length);
  if (!shape) throw noSquare(pixels.length, path);
  return { ...found, content: { pixels, ...shape } };
}

/** Whether a column has row numbers, or is empty because of a trailing separator. */
function isLeftOut(at: number, name: string, rows: readonly (readonly string[])[]): boolean {
  if (name === '' && rows.every((fields) => (fields[at] ?? '').trim() === '')) return true;
  return INDEX_NAMES.test(name) && rows.every((fields) => /^\s*\d+(\.0*)?\s*$/.test(fields[at] ?? '0'));
}

/** Handles unknown columns: a single one is the label if there is no other label; else they are ignored with a notice. */
function withNumbered(
  columns: CsvColumns & { content: PixelColumns },
  rest: ReadonlyMap<number, string>,
  header: readonly string[],
): CsvColumns {
  const { pixels } = columns.content;
  const isPixel = new Set(pixels);
  const others = [...rest.keys()].filter((at) => !isPixel.has(at));
  const quoted = (positions: readonly number[]): string =>
    positions.map((at) => `"${header[at]!.trim()}"`).join(', ');
  const notes = pixels.every((at, index) => index === 0 || at > pixels[index - 1]!)
    ? []
    : ['the columns of pixels are out of order, and are taken in the order of the numbers in their names'];
  const [only] = others;
  if (columns.label === undefined && others.length === 1) {
    return {
      ...columns,
      label: only,
      notes: [...notes, `the column ${quoted(others)} is taken for the label`],
    };
  }
  if (others.length > 0)
    notes.push(`columns that are neither label nor pixels are left out: ${quoted(others)}`);
  return { ...columns, notes };
}

function noLabel(path: string): ToolkitError {
  const hint = `name the columns in the first line: "label", and "file" or pixels, and perhaps "split"`;
  return new ToolkitError('SOURCE_REFUSED', { path, reason: 'no column of it is called "label"', hint });
}

function noSquare(columns: number, path: string): ToolkitError {
  const reason = `beside the label it has ${columns} columns: neither a column "file" nor the pixels of a square image`;
  const hint =
    'name the column of the files "file"; pixels have to be as many as a square has, times three for colours';
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}
