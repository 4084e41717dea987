import { SMALLEST_SHEET } from './ink.js';
import type { Plane } from './picture.js';

/** A pixel with less ink than this belongs to no line. */
const FAINT = 16;
/** From here on, ink beside a line is a stroke that crosses it. */
const STROKE = 64;
/** A line reaches through so much of the picture, and to its ends. */
const REACH = 0.75;
/** What counts as an end of the picture. */
const END = 0.04;
const REACH_AT_END = 0.5;
/** A line is thinner than this part of the picture's longer side; a stroke is not. */
const THICKEST = 1 / 35;
/** How far paper may be turned: rise over run, and the step in which it is tried, in pixels over the picture's width. */
const STEEPEST = 0.1;
const STEP = 2;

/** A picture in the direction of its lines: row by row, or column by column where it is turned over. */
interface Sheet {
  values: Float32Array;
  /** How many pixels it has along the lines, and across. */
  length: number;
  depth: number;
  /** Where a pixel is among the values. */
  placeOf: (along: number, across: number) => number;
}

/**
 * Removes the lines of ruled or squared paper: thin, straight, from one end of the picture to the other, all at one angle. Where a stroke
 * crosses a line, it keeps its ink.
 */
export function withoutRuledLines(ink: Plane): Plane {
  const { width, height } = ink;
  if (Math.min(width, height) < SMALLEST_SHEET) return ink;
  const values = Float32Array.from(ink.values);
  const rows = linesAlong({ values, length: width, depth: height, placeOf: (x, y) => y * width + x });
  const columns = linesAlong({ values, length: height, depth: width, placeOf: (y, x) => y * width + x });
  return rows || columns ? { ...ink, values } : ink;
}

/** Removes lines in one direction, in place; says whether there were any. */
function linesAlong(sheet: Sheet): boolean {
  const { length, depth } = sheet;
  const end = Math.max(2, Math.round(END * length));
  // Most drawings end before the picture does: nothing is to be looked for.
  if (!isInked(sheet, 0, end) || !isInked(sheet, length - end, length)) return false;
  const rise = angleOf(sheet);
  const shift = shiftsFor(length, rise);
  const margin = Math.ceil(Math.abs(rise) / 2);
  const reached = Array.from({ length: depth + 2 * margin }, (_, row) =>
    reachOf(sheet, shift, row - margin, end),
  );
  // One that leaves the picture on its way is known by those that do not.
  if (!reached.includes('whole')) return false;
  const most = Math.max(2, Math.round(Math.max(length, depth) * THICKEST));
  for (let first = 0; first < reached.length; first++) {
    if (reached[first] === 'not') continue;
    let last = first;
    while (last + 1 < reached.length && reached[last + 1] !== 'not') last++;
    if (last - first < most) erase(sheet, shift, [first - margin, last - margin]);
    first = last;
  }
  return true;
}

/** Whether there is ink anywhere across a part of the sheet. */
function isInked({ values, depth, placeOf }: Sheet, from: number, to: number): boolean {
  for (let along = from; along < to; along++) {
    for (let across = 0; across < depth; across++) if (values[placeOf(along, across)]! >= FAINT) return true;
  }
  return false;
}

/** How far each place along is moved across, where the lines rise by so many pixels from one end to the other. */
function shiftsFor(length: number, rise: number): Int32Array {
  return Int32Array.from({ length }, (_, along) => Math.round((rise * along) / length - rise / 2));
}

/**
 * The rise that makes the ink's profile across the sharpest: the one of the lines, if there are any. Ink counts up to a limit, because
 * lines are long rather than black.
 */
function angleOf({ values, length, depth, placeOf }: Sheet): number {
  const most = Math.round(STEEPEST * length);
  let best = { rise: 0, sharpness: -1 };
  for (let rise = -most; rise <= most; rise += STEP) {
    const shift = shiftsFor(length, rise);
    const profile = new Float64Array(depth);
    for (let along = 0; along < length; along += 4) {
      for (let across = 0; across < depth; across++) {
        const row = across - shift[along]!;
        if (row < 0 || row >= depth) continue;
        profile[row]! += Math.min(STROKE, values[placeOf(along, across)]!);
      }
    }
    let sharpness = 0;
    for (let row = 1; row < depth; row++) sharpness += (profile[row]! - profile[row - 1]!) ** 2;
    if (sharpness > best.sharpness) best = { rise, sharpness };
  }
  return best.rise;
}

/** Whether there is ink along a slanted row, a pixel more or less, from one end to the other: of the picture, or of what lies in it. */
function reachOf(
  { values, length, depth, placeOf }: Sheet,
  shift: Int32Array,
  row: number,
  end: number,
): 'whole' | 'part' | 'not' {
  const inked: boolean[] = [];
  for (let along = 0; along < length; along++) {
    const across = row + shift[along]!;
    if (across < 0 || across >= depth) continue;
    const hasInk = (at: number): boolean => at >= 0 && at < depth && values[placeOf(along, at)]! >= FAINT;
    inked.push(hasInk(across) || hasInk(across - 1) || hasInk(across + 1));
  }
  const shareOf = (part: readonly boolean[]): number => part.filter(Boolean).length / part.length;
  if (inked.length < 2 * end || shareOf(inked) < REACH) return 'not';
  if (Math.min(shareOf(inked.slice(0, end)), shareOf(inked.slice(-end))) < REACH_AT_END) return 'not';
  return inked.length === length ? 'whole' : 'part';
}

/** Removes a line but where a stroke goes on beyond it. */
function erase(
  { values, length, depth, placeOf }: Sheet,
  shift: Int32Array,
  [first, last]: readonly [number, number],
): void {
  for (let along = 0; along < length; along++) {
    const [from, to] = [first + shift[along]! - 1, last + shift[along]! + 1];
    const inkAt = (across: number): number =>
      across >= 0 && across < depth ? values[placeOf(along, across)]! : 0;
    if (Math.max(inkAt(from - 1), inkAt(to + 1)) >= STROKE) continue;
    for (let across = Math.max(0, from); across <= Math.min(depth - 1, to); across++) {
      values[placeOf(along, across)] = 0;
    }
  }
}
