import { ToolkitError } from '../../../core/errors.js';
import { RejectionError } from '../../rejection.js';
import type { NpyHeader } from '../archives/npy.js';
import { holdsTexts, npyNumbers } from '../archives/npy-values.js';
import { piecesOf } from '../archives/array-pieces.js';
import type { NpzArray } from '../archives/npz-archive.js';
import {
  byteOf,
  isByteRange,
  rangeContradiction,
  summarize,
  type PixelRange,
  type ValueSummary,
} from '../pixel-range.js';

/** The layout of images in an array. */
export interface ArrayLayout {
  count: number;
  side: number;
  channels: 1 | 3;
  /** Whether channels are planar rather than interleaved. */
  isPlanar: boolean;
}

const MAX_SIDE = 1024;
/** The number of images sampled before an array is read. */
const SAMPLE_IMAGES = 500;

/** Detects the layout of images in an array. Throws SOURCE_REFUSED unless they are square, with one or three channels. */
export function layoutOf({ header, path }: NpzArray): ArrayLayout {
  const [count = 0, ...sides] = header.shape;
  const found = holdsTexts(header) ? undefined : imageLayout(sides);
  if (found && found.side <= MAX_SIDE) return { count, ...found };
  throw new ToolkitError('SOURCE_REFUSED', {
    path,
    reason: `of shape (${header.shape.join(', ')}); square images with one or three channels are needed`,
    hint: 'bring it to the shape (n, s, s), (n, s, s, 3) or (n, s·s), images first, with x.reshape or numpy.transpose',
  });
}

function imageLayout(sides: readonly number[]): Omit<ArrayLayout, 'count'> | undefined {
  const [first = 0, second = 0, third = 1] = sides;
  // The channels of 3·s·s values may be interleaved or planar.
  const root = Math.sqrt(first);
  if (sides.length === 1)
    return Number.isInteger(root) && root > 1 ? { side: root, channels: 1, isPlanar: false } : undefined;
  if (sides.length === 2) return first === second ? { side: first, channels: 1, isPlanar: false } : undefined;
  if (sides.length !== 3) return undefined;
  if (first === second && (third === 1 || third === 3))
    return { side: first, channels: third, isPlanar: false };
  return second === third && (first === 1 || first === 3)
    ? { side: second, channels: first, isPlanar: true }
    : undefined;
}

/** The values of the first images of an array. */
export async function summariesOf(array: NpzArray): Promise<ValueSummary[]> {
  const summaries: ValueSummary[] = [];
  for await (const piece of piecesOf(array)) {
    const summary = summarize(npyNumbers(array.header, piece));
    if (summary) summaries.push(scaled(summary, array.header));
    if (summaries.length === SAMPLE_IMAGES) break;
  }
  return summaries;
}

/** Booleans range from 0 to 1, whichever of the two values the first images contain. */
function scaled(summary: ValueSummary, { type }: NpyHeader): ValueSummary {
  return type[1] === 'b' ? { ...summary, most: 1 } : summary;
}

/**
 * Converts an image to bytes, row by row with interleaved channels. Throws RejectionError for an invalid pixel, and SOURCE_REFUSED
 * for one outside the detected range.
 */
export function pixelsOf(
  piece: Buffer,
  { header, path }: NpzArray,
  { channels, isPlanar }: ArrayLayout,
  range: PixelRange,
  name: string,
): Uint8Array {
  const bytes =
    isPlain(header) && isByteRange(range) ? piece : bytesFrom(npyNumbers(header, piece), range, path, name);
  return isPlanar && channels > 1 ? interleaved(bytes, channels) : bytes;
}

/** From the plane of each channel, one after the other, to the values of each pixel. */
export function interleaved(planes: Uint8Array, channels: number): Uint8Array {
  const size = planes.length / channels;
  return planes.map((_, index) => planes[(index % channels) * size + Math.floor(index / channels)]!);
}

function isPlain({ type }: NpyHeader): boolean {
  return type[1] === 'u' && type[2] === '1';
}

function bytesFrom(values: Float64Array, range: PixelRange, path: string, name: string): Uint8Array {
  const isBytes = isByteRange(range);
  return Uint8Array.from(values, (value) => {
    const byte = byteOf(value, range);
    if (byte !== undefined && (!isBytes || Number.isInteger(value))) return byte;
    if (!isBytes && Number.isFinite(value)) throw rangeContradiction(path, name, value, range);
    throw new RejectionError(
      `a pixel is ${value}, not a ${isBytes ? 'whole number from 0 to 255' : 'number'}`,
    );
  });
}
