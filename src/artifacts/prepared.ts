import { join } from 'node:path';

import { z } from 'zod';

import { readIfThere, writeFileAtomically, corruptError } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../core/images.js';
import { decodeSafetensors, encodeSafetensors, SafetensorsError, type StoredTensor } from './safetensors.js';

const side = z.int().min(1).max(8192);

/** Indices of the images that are trained on, and of those that are held back to validate with, both ascending. */
export interface Split {
  training: Int32Array;
  validation: Int32Array;
}

/** What an import does to a picture, beside bringing it to the images' size. */
export const importedAs = z.strictObject({
  centre: z.enum(['none', 'mass']),
  invert: z.enum(['auto', 'yes', 'no']),
});

/** What is said of a data set alike, whether it is one file or lies in shards. */
export const preparedDescription = z.strictObject({
  format: z.enum(['mnist-train/prepared', 'mnist-train/shards']),
  version: z.literal(1),
  dataset: z.string(),
  classNames: z.array(z.string()).min(1).max(256),
  shape: z.strictObject({ height: side, width: side, channels: side }),
  /** What training takes when it is not told otherwise. */
  defaults: z.strictObject({
    scaling: z.enum(['zero-one', 'minus-one-one', 'standardize']),
    validationSplit: z.number().min(0).lt(1),
    seed: z.int(),
  }),
  /** What a checkpoint remembers of its data: the hash of the raw files' contents, and of what cleaning made of them. */
  fingerprint: z.string(),
  /** How the contents differ from the raw files'; absent where they do not. */
  cleaning: z
    .strictObject({
      /** The hash of the raw files' contents. */
      rawFingerprint: z.string(),
      clean: z.array(z.string()),
      denoise: z.string(),
      folds: z.int(),
      /** Images left out, and labels changed. */
      dropped: z.int().min(0),
      relabelled: z.int().min(0),
    })
    .optional(),
  /** Of which data set these are some classes or images; absent where they are all of it. */
  selection: z
    .strictObject({
      dataset: z.string(),
      classes: z.array(z.string()),
      imagesPerClass: z.int().min(1).optional(),
    })
    .optional(),
  /** How foreign pictures became its images; absent where they were images of their size before. */
  imported: importedAs.optional(),
  licence: z.string(),
  origin: z.string(),
});

/** What a prepared data set says of itself. */
export type PreparedDescription = z.infer<typeof preparedDescription>;

/** A data set ready for training: bytes in memory, labels checked, and how to split and scale it by default. */
export interface PreparedData extends PreparedDescription {
  path: string;
  train: LabelledImages;
  test: LabelledImages;
  /** Which of the training images are held back, where that was settled when the set was put into shards. */
  split?: Split;
}

/** The hash of the raw files that a data set was prepared from. */
export function rawFingerprintOf({
  fingerprint,
  cleaning,
  rawFingerprint,
}: PreparedDescription & { rawFingerprint?: string }): string {
  return rawFingerprint ?? cleaning?.rawFingerprint ?? fingerprint;
}

/** The folder of a prepared data set. */
export function preparedFolder(dataDir: string, dataset: string): string {
  return join(dataDir, dataset, 'prepared');
}

/** The file of a data set that fits into memory. */
export function preparedFile(folder: string): string {
  return join(folder, 'data.safetensors');
}

/** Writes a prepared data set, whole or not at all, and returns its path. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writePrepared(
  dataDir: string,
  description: PreparedDescription,
  train: LabelledImages,
  test: LabelledImages,
): Promise<string> {
  const tensors = new Map([...storeImages('train', train), ...storeImages('test', test)]);
  const path = preparedFile(preparedFolder(dataDir, description.dataset));
  const metadata = { description: JSON.stringify(description) };
  await writeFileAtomically(path, ...encodeSafetensors({ tensors, metadata }));
  return path;
}

function storeImages(
  name: string,
  { count, shape, pixels, labels, isValidation }: LabelledImages,
): [string, StoredTensor][] {
  const { height, width, channels } = shape;
  const stored: [string, StoredTensor][] = [
    [`${name}/images`, { type: 'U8', shape: [count, height, width, channels], bytes: pixels }],
    [`${name}/labels`, { type: 'U8', shape: [count], bytes: labels }],
  ];
  if (isValidation) stored.push([marksOf(name), { type: 'U8', shape: [count], bytes: isValidation }]);
  return stored;
}

/** The tensor that marks training images which their source holds for validation. */
function marksOf(name: string): string {
  return `${name}/is-validation`;
}

/** Reads a prepared data set, or returns undefined where there is none. Throws DATA_CORRUPT or DATA_UNREADABLE. */
export async function findPrepared(dataDir: string, dataset: string): Promise<PreparedData | undefined> {
  const path = preparedFile(preparedFolder(dataDir, dataset));
  const file = await readIfThere(path);
  if (file === undefined) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(file);
    const description = preparedDescription.parse(JSON.parse(metadata['description'] ?? ''));
    const classes = description.classNames.length;
    return {
      ...description,
      path,
      train: loadImages('train', tensors, description.shape, classes),
      test: loadImages('test', tensors, description.shape, classes),
    };
  } catch (error) {
    throw corruptError(path, complaintOf(error), error);
  }
}

function loadImages(
  name: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  shape: ImageShape,
  classes: number,
): LabelledImages {
  const pixels = tensors.get(`${name}/images`);
  const labels = tensors.get(`${name}/labels`);
  const isValidation = tensors.get(marksOf(name))?.bytes;
  if (!pixels || !labels) throw new SafetensorsError(`it lacks the ${name} images or labels`);
  const count = labels.bytes.length;
  if (count === 0 || pixels.bytes.length !== count * pixelsPerImage(shape)) {
    throw new SafetensorsError(`its ${name} images and labels do not match`);
  }
  if (labels.bytes.some((label) => label >= classes))
    throw new SafetensorsError(`a ${name} label is out of range`);
  if (isValidation && isValidation.length !== count) {
    throw new SafetensorsError(`its ${name} images and validation marks do not match`);
  }
  return { count, shape, pixels: pixels.bytes, labels: labels.bytes, ...(isValidation && { isValidation }) };
}
