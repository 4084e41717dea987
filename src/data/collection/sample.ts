import { ToolkitError } from '../../core/errors.js';
import type { ToolkitEvent } from '../../core/events.js';
import type { ImageShape } from '../../core/images.js';
import type { ImageTarget } from '../imaging/importing/decode.js';
import { RejectionError, type Rejection } from '../rejection.js';

/** Width and height of images that come as files. */
const DEFAULT_SIDE = 28;

/** The largest number of images of a source. */
export const MAX_IMAGES = 5_000_000;

export type SplitName = 'train' | 'validation' | 'test';

/** An image of a source, before it is read. */
export interface Sample {
  /** Its name in the listings: a path in the source, a row of a table, a position in an array. */
  name: string;
  /** Its label in the source. */
  label: string;
  /** Undefined if the source does not define the split. */
  split: SplitName | undefined;
  /** Reads and converts its pixels. Throws RejectionError. */
  load(): Promise<Uint8Array>;
}

/** A notice or warning about a source. */
export type Note = Extract<ToolkitEvent, { event: 'notice' | 'warning' }>;

/** The images of a source as a stream, with rejections made before reading. */
export interface SampleSet {
  shape: ImageShape;
  /** The number of images, if known. */
  total: number | undefined;
  /** The ordered classes, if the source defines them: other labels are rejected, and classes may be empty. */
  classNames?: readonly string[] | undefined;
  /** Notices and warnings before the images are read. */
  notes?: readonly Note[];
  /** The pixel values that were rescaled to 0 and 255; undefined for bytes. */
  range?: readonly [least: number, most: number];
  samples: AsyncIterable<Sample | Rejection> | Iterable<Sample | Rejection>;
}

/** Width and height in pixels. */
export type Size = Pick<ImageShape, 'width' | 'height'>;

/** The size that `--size` names: a side of squares, or a width and a height as in `64x48`. */
export function sizeNamed(size: number | string): Size {
  const [width = 0, height = width] = String(size).split('x').map(Number);
  return { width, height };
}

/** The image options of `collect`; undefined ones follow the source. */
export interface ImageOptions extends Omit<ImageTarget, 'width' | 'height' | 'channels'> {
  size: Size | undefined;
  channels: 1 | 3 | undefined;
  /** The share of test images, if the source has no test split. */
  testShare: number;
  seed: number;
}

/**
 * The target for a source whose images have a size or channels of their own; for image files, by default 28×28. Throws USAGE for options
 * that contradict each other.
 */
export function targetFor(
  options: ImageOptions,
  own: Partial<Size> & { channels?: 1 | 3 } = {},
): ImageTarget {
  const { centre, fit, invert, maxPixels } = options;
  if (centre === 'mass' && fit !== 'pad') {
    const message = `--centre mass crops to the drawing, and --fit ${fit} would have no effect`;
    throw new ToolkitError('USAGE', { message, hint: 'leave one of the two out' });
  }
  if (centre === 'mass' && options.channels === 3) {
    const message = '--centre mass makes grey images, but --channels 3 asks for colours';
    throw new ToolkitError('USAGE', { message, hint: 'leave one of the two out' });
  }
  const channels = options.channels ?? (centre === 'mass' ? 1 : (own.channels ?? 1));
  const { width = DEFAULT_SIDE, height = DEFAULT_SIDE } = options.size ?? own;
  return { width, height, channels, fit, centre, invert, maxPixels };
}

/** The image shape of a target. */
export function shapeOf({ width, height, channels }: ImageTarget): ImageShape {
  return { height, width, channels };
}

/** The split names in sources. */
const SPLIT_NAMES: ReadonlyMap<string, SplitName> = new Map([
  ...['train', 'training'].map((name) => [name, 'train'] as const),
  ...['val', 'valid', 'validation'].map((name) => [name, 'validation'] as const),
  ...['test', 'testing'].map((name) => [name, 'test'] as const),
]);

/** The split of a name, if it is one. */
export function splitNamed(name: string): SplitName | undefined {
  return SPLIT_NAMES.get(name.trim().toLowerCase());
}

const MAX_LABEL_LENGTH = 100;
/** Control characters and marks of text direction, which could disguise a printed name. */
// eslint-disable-next-line no-control-regex -- looks for control characters
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffd]/;

/** Normalises a label: Unicode NFC, trimmed. Throws RejectionError if it is not a valid class name. */
export function labelNamed(text: string): string {
  const label = text.normalize('NFC').trim();
  if (label === '') throw new RejectionError('no label');
  if (label.length > MAX_LABEL_LENGTH) throw new RejectionError(`a label of ${label.length} characters`);
  if (UNPRINTABLE.test(label)) throw new RejectionError('a label with unprintable characters');
  return label;
}

/** The warning about a part of a source without labels. */
export function unlabelledWarning(name: string): Note {
  return {
    event: 'warning',
    code: 'UNLABELLED_LEFT_OUT',
    message: `${name} has no labels and is left out`,
    hint: 'a part of the training images becomes the test split; classify unlabelled images with "mnist predict"',
  };
}
