import { join } from 'node:path';

import { z } from 'zod';

import { readIfThere, writeFileAtomically, corruptError } from '../core/files.js';
import { complaintOf } from '../core/validation.js';
import { pixelsPerImage, type ImageShape, type LabelledImages } from '../core/images.js';
import { decodeSafetensors, encodeSafetensors, SafetensorsError, type StoredTensor } from './safetensors.js';

const side = z.int().min(1).max(8192);

/** Indices of the training and the validation images, both ascending. */
export interface Split {
  training: Int32Array;
  validation: Int32Array;
}

/** How imported pictures are converted, besides resizing. */
export const importedAs = z.strictObject({
  /** How images of other proportions fill the field; left out, they are padded. */
  fit: z.enum(['pad', 'crop', 'stretch']).optional(),
  centre: z.enum(['none', 'mass']),
  invert: z.enum(['auto', 'yes', 'no']),
});

/** The metadata of a data set, in one file or in shards. */
export const preparedDescription = z.strictObject({
  format: z.enum(['mnist-train/prepared', 'mnist-train/shards']),
  version: z.literal(1),
  dataset: z.string(),
  classNames: z.array(z.string()).min(1).max(256),
  shape: z.strictObject({ height: side, width: side, channels: side }),
  /** The defaults of training. */
  defaults: z.strictObject({
    scaling: z.enum(['zero-one', 'minus-one-one', 'standardize']),
    validationSplit: z.number().min(0).lt(1),
    seed: z.int(),
  }),
  /** Identifies the data in a checkpoint: the hash of the raw files and of the result of cleaning. */
  fingerprint: z.string(),
  /** How the data differ from the raw files; undefined if they do not. */
  cleaning: z
    .strictObject({
      /** The hash of the raw files' contents. */
      rawFingerprint: z.string(),
      clean: z.array(z.string()),
      denoise: z.string(),
      folds: z.int(),
      /** The numbers of removed images and changed labels. */
      dropped: z.int().min(0),
      relabelled: z.int().min(0),
    })
    .optional(),
  /** The data set that these classes or images were selected from; undefined for a complete set. */
  selection: z
    .strictObject({
      dataset: z.string(),
      classes: z.array(z.string()),
      imagesPerClass: z.int().min(1).optional(),
    })
    .optional(),
  /** How pictures were converted; undefined if the source had images of the final size. */
  imported: importedAs.optional(),
  licence: z.string(),
  origin: z.string(),
});

/** The metadata of a prepared data set. */
export type PreparedDescription = z.infer<typeof preparedDescription>;

/** A data set ready for training: images in memory with valid labels, and the default split and scaling. */
export interface PreparedData extends PreparedDescription {
  path: string;
  train: LabelledImages;
  test: LabelledImages;
  /** The validation split, if it was fixed when the set was sharded. */
  split?: Split;
}

/** The fingerprint of the raw files of a data set. */
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

/** Writes a prepared data set atomically, and returns its path. Throws STORAGE_FULL or STORAGE_DENIED. */
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

/** The name of the tensor that marks images of the source's own validation split. */
function marksOf(name: string): string {
  return `${name}/is-validation`;
}

/** Reads a prepared data set; undefined if there is none. Throws DATA_CORRUPT or DATA_UNREADABLE. */
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
