import { ToolkitError } from '../../../core/errors.js';

/** The positions of pixel columns in a table, in the order of the image: row by row with interleaved channels. */
export interface PixelColumns {
  pixels: number[];
  side: number;
  channels: 1 | 3;
}

/** A column whose name holds numbers. */
interface NumberedColumn {
  position: number;
  name: string;
  numbers: number[];
}

/** A table with fewer columns contains file names. */
export const FEWEST_PIXELS = 4;
const COLOURS = ['red', 'green', 'blue'];
/** Names whose first number is the column: `x3y5`, `col3_row5`. */
const COLUMN_FIRST = /(^|[^a-z])(x|c|cols?|columns?)[^a-z#]*#[^a-z]*(y|r|rows?)[^a-z#]*#/;

/**
 * Orders pixel columns by the numbers in their names: `pixel0`, `1x1` or `p_0_1` (row and column), `x3y5`, with a third number or a
 * word such as `red` for the channel. Undefined if the names have no numbers.
 *
 * Throws SOURCE_REFUSED if numbers are missing or duplicate.
 */
export function numberedPixels(columns: ReadonlyMap<number, string>, path: string): PixelColumns | undefined {
  const groups = [...bySkeleton(columns)].filter(([, group]) => group.length >= FEWEST_PIXELS);
  const planes = colourPlanes(groups);
  if (planes) {
    const sorted = planes.map((group) => orderOf(group, path));
    const side = Math.sqrt(sorted[0]!.length);
    if (sorted.some(({ length }) => length !== sorted[0]!.length) || !Number.isInteger(side))
      return undefined;
    return {
      pixels: sorted[0]!.flatMap((_, pixel) => sorted.map((plane) => plane[pixel]!)),
      side,
      channels: 3,
    };
  }
  const [largest] = groups.map(([, group]) => group).sort((a, b) => b.length - a.length);
  if (!largest) return undefined;
  const pixels = orderOf(largest, path);
  const shape = squareOf(pixels.length);
  return shape && { pixels, ...shape };
}

/** The side and channels of a square image with this number of values, if possible. */
export function squareOf(values: number): { side: number; channels: 1 | 3 } | undefined {
  if (values < FEWEST_PIXELS) return undefined;
  for (const channels of [1, 3] as const) {
    const side = Math.sqrt(values / channels);
    if (Number.isInteger(side)) return { side, channels };
  }
  return undefined;
}

/** Groups columns whose names differ only in their numbers. */
function bySkeleton(columns: ReadonlyMap<number, string>): Map<string, NumberedColumn[]> {
  const groups = new Map<string, NumberedColumn[]>();
  for (const [position, name] of columns) {
    const numbers = (name.match(/\d{1,9}/g) ?? []).map(Number);
    if (numbers.length === 0) continue;
    const skeleton = name.replaceAll(/\d{1,9}/g, '#');
    const column = { position, name, numbers };
    const group = groups.get(skeleton);
    if (group) group.push(column);
    else groups.set(skeleton, [column]);
  }
  return groups;
}

/** The red, green and blue groups, in this order, if the names contain these words or their first letters. */
function colourPlanes(
  groups: readonly (readonly [skeleton: string, group: NumberedColumn[]])[],
): NumberedColumn[][] | undefined {
  if (groups.length !== 3) return undefined;
  const planes = COLOURS.map((colour) => {
    const word = new RegExp(`(^|[^a-z])(${colour}|${colour[0]!})([^a-z]|$)`);
    return groups.find(([skeleton]) => word.test(skeleton))?.[1];
  });
  return planes.every((plane) => plane !== undefined) && new Set(planes).size === 3 ? planes : undefined;
}

/** The positions of a group of columns, in the order of their numbers. */
function orderOf(group: readonly NumberedColumn[], path: string): number[] {
  const varying = group[0]!.numbers.map((_, at) => at).filter((at) => new Set(valuesAt(group, at)).size > 1);
  const axes = axesOf(group, varying);
  const ranges = axes.map((at) => {
    const values = valuesAt(group, at);
    const least = values.reduce((low, value) => Math.min(low, value), Infinity);
    return { at, least, size: values.reduce((high, value) => Math.max(high, value), 0) - least + 1 };
  });
  const total = ranges.reduce((product, { size }) => product * size, 1);
  const places = new Map<number, NumberedColumn>();
  for (const column of group) {
    const place = ranges.reduce((sum, { at, least, size }) => sum * size + column.numbers[at]! - least, 0);
    const other = places.get(place);
    if (other) throw incomplete(path, `two of its pixel columns are called "${column.name}"`);
    places.set(place, column);
  }
  if (total !== group.length) {
    throw incomplete(
      path,
      `${total} pixels are named, from "${group[0]!.name}" on, but only ${group.length} are there`,
    );
  }
  requireSquare(
    ranges.map(({ size }) => size),
    path,
  );
  return [...places].sort(([a], [b]) => a - b).map(([, { position }]) => position);
}

/** The meaning of the numbers, in the order rows, columns, channels. */
function axesOf(group: readonly NumberedColumn[], varying: readonly number[]): number[] {
  const [first, second, third] = varying;
  if (first === undefined || second === undefined) return [...varying];
  const skeleton = group[0]!.name.replaceAll(/\d{1,9}/g, '#');
  if (third === undefined) return COLUMN_FIRST.test(skeleton) ? [second, first] : [first, second];
  // A channel of three, before the rows or after the columns.
  const isChannelFirst =
    new Set(valuesAt(group, first)).size === 3 && new Set(valuesAt(group, third)).size !== 3;
  return isChannelFirst ? [second, third, first] : [...varying];
}

function valuesAt(group: readonly NumberedColumn[], at: number): number[] {
  return group.map(({ numbers }) => numbers[at]!);
}

function requireSquare([height, width, channels]: readonly number[], path: string): void {
  if (width === undefined || (height === width && (channels === undefined || channels === 3))) return;
  throw incomplete(
    path,
    `its pixel columns name ${height}×${width}${channels ? `×${channels}` : ''} pixels, not a square image`,
  );
}

function incomplete(path: string, reason: string): ToolkitError {
  const hint = 'an image needs all its pixels, as many as a square has, each in a column of its own';
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}
