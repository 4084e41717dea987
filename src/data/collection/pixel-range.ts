import { ToolkitError } from '../../core/errors.js';

/** The values between which a source's pixels lie, and how they become 0 to 255. */
export interface PixelRange {
  /** The value that becomes 0, and the one that becomes 255. */
  from: readonly [least: number, most: number];
}

/** The range that images have in memory; nothing is rescaled. */
export const BYTE_RANGE: PixelRange = { from: [0, 255] };

/** What is known of the values of one image. */
export interface ValueSummary {
  least: number;
  most: number;
  hasFractions: boolean;
}

/** Full scales of 1, 2, 3 and 4 bits, and 16 as in scikit-learn's digits. */
const FULL_SCALES: readonly number[] = [1, 3, 7, 15, 16];
/** Values that were printed with few digits are still those of a byte. */
const TOLERANCE = 1e-6;

/** The least and the most of an image's values, or undefined where one is no number. */
export function summarize(values: Iterable<number>): ValueSummary | undefined {
  const summary = { least: Infinity, most: -Infinity, hasFractions: false };
  for (const value of values) {
    if (!Number.isFinite(value)) return undefined;
    if (value < summary.least) summary.least = value;
    if (value > summary.most) summary.most = value;
    summary.hasFractions ||= !Number.isInteger(value);
  }
  return summary.least === Infinity ? undefined : summary;
}

/**
 * The range of a source's pixels, from its first images. An image that is unlike most is left out: it is rejected when its turn comes.
 * Throws SOURCE_REFUSED where most images are in no range that is known.
 */
export function pixelRange(images: readonly ValueSummary[], path: string): PixelRange {
  const bytes = images.filter(({ least, most, hasFractions }) => least >= 0 && most <= 255 && !hasFractions);
  if (2 * bytes.length > images.length) return wholeRange(bytes);
  if (images.length === 0) return BYTE_RANGE;
  const least = images.reduce((low, image) => Math.min(low, image.least), Infinity);
  const most = images.reduce((high, image) => Math.max(high, image.most), -Infinity);
  if (least >= 0 && most <= 1 + TOLERANCE) return { from: [0, 1] };
  if (Math.abs(least + 1) <= TOLERANCE && most <= 1 + TOLERANCE) return { from: [-1, 1] };
  const between = `from ${shortened(least)} to ${shortened(most)}`;
  throw new ToolkitError('SOURCE_REFUSED', {
    path,
    reason: `its pixels go ${between}; they must be whole numbers from 0 to 255, or go from 0 to 1, −1 to 1 or 0 to 16`,
    hint: `rescale them with the limits of your data, for example ((x - ${shortened(least)}) * 255 / ${shortened(most - least)}).round().astype('uint8')`,
  });
}

function wholeRange(images: readonly ValueSummary[]): PixelRange {
  const most = images.reduce((high, image) => Math.max(high, image.most), 0);
  return FULL_SCALES.includes(most) ? { from: [0, most] } : BYTE_RANGE;
}

/** Whether pixels are taken as they are. */
export function isByteRange({ from: [least, most] }: PixelRange): boolean {
  return least === 0 && most === 255;
}

/** A pixel as a byte, or undefined where it is out of its range. */
export function byteOf(value: number, { from: [least, most] }: PixelRange): number | undefined {
  if (!(value >= least - TOLERANCE && value <= most + TOLERANCE)) return undefined;
  return Math.min(255, Math.max(0, Math.round(((value - least) * 255) / (most - least))));
}

/** What is said of pixels that are rescaled. */
export function rescaledMessage({ from: [least, most] }: PixelRange): string {
  return `pixels in the range ${least} to ${most} are rescaled to 0 to 255`;
}

/** The error for a pixel that contradicts the range that the images before it have. */
export function rangeContradiction(path: string, name: string, value: number, range: PixelRange): ToolkitError {
  const [least, most] = range.from;
  return new ToolkitError('SOURCE_REFUSED', {
    path,
    reason: `${name} has a pixel of ${shortened(value)}, but the first images go from ${least} to ${most}`,
    hint: 'bring all pixels to whole numbers from 0 to 255 and collect them again',
  });
}

function shortened(value: number): string {
  return String(Number(value.toPrecision(4)));
}
