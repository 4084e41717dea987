import { ToolkitError } from '../../core/errors.js';
import type { ToolkitEvent } from '../../core/events.js';
import type { ImageShape } from '../../core/images.js';
import type { ImageTarget } from '../imaging/importing/decode.js';
import { RejectionError,type Rejection } from '../rejection.js';

/** A source may have so many images. */
export const MAX_IMAGES = 5_000_000;

export type SplitName = 'train' | 'validation' | 'test';

/** One image of a source, before it is read. */
export interface Sample {
  /** How the listings name it: a file's path in the source, a row of a table, a position in an array. */
  name: string;
  /** What it shows, in the words of the source. */
  label: string;
  /** Undefined where the source leaves the split to us. */
  split: SplitName | undefined;
  /** Its bytes, as the target wants them. Throws RejectionError. */
  load(): Promise<Uint8Array>;
}

/** What a person is told of a source. */
export type Note = Extract<ToolkitEvent, { event: 'notice' | 'warning' }>;

/** The images of a source, one by one, with what is refused before it is even read. */
export interface SampleSet {
  shape: ImageShape;
  /** How many there are, where that is known. */
  total: number | undefined;
  /** The classes in their order, where the source knows them: others are refused, and some may have no images. */
  classNames?: readonly string[] | undefined;
  /** What is to be told of the source before its images are read. */
  notes?: readonly Note[];
  /** The pixel values that became 0 and 255, where they were others. */
  range?: readonly [least: number, most: number];
  samples: AsyncIterable<Sample | Rejection> | Iterable<Sample | Rejection>;
}

/** How images are made: the options of `collect`, of which those left out follow the source. */
export interface ImageOptions extends Omit<ImageTarget, 'size' | 'channels'> {
  size: number | undefined;
  channels: 1 | 3 | undefined;
  /** Share of the images that becomes the test split, where the source has none. */
  testShare: number;
  seed: number;
}

/** The target of a source whose images have a size of their own, or of image files, which become 28×28 and grey. Throws USAGE. */
export function targetFor(options: ImageOptions, own?: { size: number; channels: 1 | 3 }): ImageTarget {
  const { centre, invert, maxPixels } = options;
  if (centre === 'mass' && options.channels === 3) {
    const message = '--centre mass makes grey images, but --channels 3 asks for colours';
    throw new ToolkitError('USAGE', { message, hint: 'leave one of the two out' });
  }
  const channels = options.channels ?? (centre === 'mass' ? 1 : (own?.channels ?? 1));
  return { size: options.size ?? own?.size ?? 28, channels, centre, invert, maxPixels };
}

/** The shape of images that a target makes. */
export function shapeOf({ size, channels }: ImageTarget): ImageShape {
  return { height: size, width: size, channels };
}

/** The splits that sources have, by their names. */
const SPLIT_NAMES: ReadonlyMap<string, SplitName> = new Map([
  ...['train', 'training'].map((name) => [name, 'train'] as const),
  ...['val', 'valid', 'validation'].map((name) => [name, 'validation'] as const),
  ...['test', 'testing'].map((name) => [name, 'test'] as const),
]);

/** The split that a name stands for, if any. */
export function splitNamed(name: string): SplitName | undefined {
  return SPLIT_NAMES.get(name.trim().toLowerCase());
}

const MAX_LABEL_LENGTH = 100;
/** Controls, and the marks that make text run the other way than it stands: they have no place in a name that is printed. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffd]/;

/** A label as it is kept: one way of writing accents, no space around. Throws RejectionError where it cannot be a class's name. */
export function labelNamed(text: string): string {
  const label = text.normalize('NFC').trim();
  if (label === '') throw new RejectionError('no label');
  if (label.length > MAX_LABEL_LENGTH) throw new RejectionError(`a label of ${label.length} characters`);
  if (UNPRINTABLE.test(label)) throw new RejectionError('a label with unprintable characters');
  return label;
}

/** The warning for a part of a source whose images have no labels. */
export function unlabelledWarning(name: string): Note {
  return {
    event: 'warning',
    code: 'UNLABELLED_LEFT_OUT',
    message: `${name} has no labels and is left out`,
    hint: 'a part of the training images becomes the test split; classify unlabelled images with "mnist predict"',
  };
}
