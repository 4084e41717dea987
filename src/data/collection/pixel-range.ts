import { ToolkitError } from '../../core/errors.js';

/** The pixel range of a source, and its conversion to 0–255. */
export interface PixelRange {
  /** The values that become 0 and 255. */
  from: readonly [least: number, most: number];
}

/** The range of bytes, which are not rescaled. */
export const BYTE_RANGE: PixelRange = { from: [0, 255] };

/** The range of the values of an image. */
export interface ValueSummary {
  least: number;
  most: number;
  hasFractions: boolean;
}

/** Full scales of 1, 2, 3 and 4 bits, and 16 as in scikit-learn's digits. */
const FULL_SCALES: readonly number[] = [1, 3, 7, 15, 16];
/** Tolerates values that were printed with few digits. */
const TOLERANCE = 1e-6;

/** The minimum and maximum of an image's values; undefined if one is not a number. */
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
 * Detects the pixel range of a source from its first images. Outliers are ignored, and are rejected when they are imported. Throws
 * SOURCE_REFUSED if most images have an unknown range.
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

/** Whether pixels need no rescaling. */
export function isByteRange({ from: [least, most] }: PixelRange): boolean {
  return least === 0 && most === 255;
}

/** Converts a pixel to a byte; undefined if it is out of range. */
export function byteOf(value: number, { from: [least, most] }: PixelRange): number | undefined {
  if (!(value >= least - TOLERANCE && value <= most + TOLERANCE)) return undefined;
  return Math.min(255, Math.max(0, Math.round(((value - least) * 255) / (most - least))));
}

/** The notice about rescaled pixels. */
export function rescaledMessage({ from: [least, most] }: PixelRange): string {
  return `pixels in the range ${least} to ${most} are rescaled to 0 to 255`;
}

/** The error for a pixel outside the detected range. */
export function rangeContradiction(
  path: string,
  name: string,
  value: number,
  range: PixelRange,
): ToolkitError {
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
