import { join } from 'node:path';

import { z } from 'zod';

import { contentSize, readArtifact } from '../core/encryption/artifact-file.js';
import { ToolkitError } from '../core/errors.js';
import { readError, readTextIfThere, corruptError } from '../core/files.js';
import { sha256 } from '../core/hashing.js';
import { pluginRecord } from '../core/plugins/records.js';
import { complaintOf } from '../core/validation.js';
import type { LabelledImages } from '../core/images.js';
import { parseIdx, type IdxContent } from './idx.js';
import { importedAs, type PreparedDescription } from './prepared.js';

const fileEntry = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/),
  bytes: z.int().min(8),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const listedFile = fileEntry.extend({ bytes: z.int().min(0) });

const rawFiles = z.strictObject({
  'train-images': fileEntry,
  'train-labels': fileEntry,
  'test-images': fileEntry,
  'test-labels': fileEntry,
});

/** How the source was imported, so that the import can be repeated and verified. */
const importSchema = z.strictObject({
  /** The kind of the source. */
  format: z.string(),
  /** The imported archive or file. */
  file: z
    .strictObject({ name: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .optional(),
  /** The plug-in that made the images. */
  plugin: pluginRecord.optional(),
  /** The data set that it was added to, and the files of that set. */
  addedTo: z.string().optional(),
  base: rawFiles.optional(),
  /** The width, and the height where it differs. */
  size: z.int().min(1),
  height: z.int().min(1).optional(),
  channels: z.int().min(1),
  /** The pixel values that were rescaled to 0 and 255; undefined for bytes. */
  range: z.tuple([z.number(), z.number()]).optional(),
  ...importedAs.shape,
  testShare: z.number(),
  seed: z.int(),
  images: z.strictObject({
    train: z.int().min(1),
    /** The number of images, the last ones of the training split, that the source holds out for validation. */
    validation: z.int().min(1).optional(),
    test: z.int().min(1),
    rejected: z.int().min(0),
  }),
  /** JSON lines files next to this file: the origin of each image, and the rejections. */
  sources: listedFile,
  rejections: listedFile,
});

const manifestSchema = z.strictObject({
  format: z.literal('mnist-train/raw'),
  version: z.literal(1),
  dataset: z.string(),
  source: z.string(),
  licence: z.string(),
  origin: z.string(),
  /** Empty if the classes have only numbers. */
  classNames: z.array(z.string()),
  collectedAt: z.iso.datetime(),
  files: rawFiles,
  imported: importSchema.optional(),
});

/** The content of `raw/manifest.json`: the origin, hashes and classes of a data set. */
export type RawManifest = z.infer<typeof manifestSchema>;

/** A collected data set: a folder with uncompressed IDX files and a manifest. */
export interface RawData {
  folder: string;
  manifest: RawManifest;
}

const MANIFEST = 'manifest.json';
/** The largest file that Node.js reads in one piece; larger ones are read in chunks (`openRawImages`). */
const MAX_WHOLE_BYTES = 2 ** 31 - 1;

/** The folder of a data set's raw files. */
export function rawFolder(dataDir: string, dataset: string): string {
  return join(dataDir, dataset, 'raw');
}

/** Encodes a manifest; returns its file name and text. */
export function encodeManifest(manifest: RawManifest): { name: string; text: string } {
  return { name: MANIFEST, text: `${JSON.stringify(manifest, undefined, 2)}\n` };
}

/** Finds the collected files of a data set; undefined if there are none. Throws DATA_CORRUPT or DATA_UNREADABLE. */
export async function findRaw(dataDir: string, dataset: string): Promise<RawData | undefined> {
  const folder = rawFolder(dataDir, dataset);
  const path = join(folder, MANIFEST);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return { folder, manifest: manifestSchema.parse(JSON.parse(text)) };
  } catch (error) {
    const reason = `not a manifest of raw files (${complaintOf(error)})`;
    throw corruptError(path, reason, error);
  }
}

/**
 * Reads a file and checks it against the manifest and its own header.
 * Throws DATA_MISSING, DATA_UNREADABLE or DATA_CORRUPT.
 */
export async function readRawFile(
  { folder, manifest }: RawData,
  role: keyof RawManifest['files'],
): Promise<{ dimensions: readonly number[]; data: Uint8Array }> {
  const { name, bytes, sha256: expected } = manifest.files[role];
  const path = join(folder, name);
  const size = await sizeOf(path);
  if (size === undefined) {
    const hint = `collect it again with "mnist collect ${manifest.dataset}"`;
    throw new ToolkitError('DATA_MISSING', { path, hint });
  }
  if (size !== bytes) {
    throw corruptError(path, `${size} bytes, but its manifest says ${bytes}`);
  }
  if (size > MAX_WHOLE_BYTES) throw readError(new Error('too large to be read as a whole'), path);
  const file = await readArtifact(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  if (sha256(file) !== expected) {
    throw corruptError(path, 'its SHA-256 differs from the manifest');
  }
  return parseIdx(file, contentOf(role), path);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return contentSize(path).catch((error: unknown) => {
    throw readError(error, path);
  });
}

/** Whether a file holds images or labels. */
export function contentOf(role: keyof RawManifest['files']): IdxContent {
  return role.endsWith('images') ? 'images' : 'labels';
}

/** The hash of the contents of all four files. */
export function rawFingerprint({ files }: RawManifest): string {
  return sha256(...Object.values(files).map((file) => file.sha256));
}

/** Marks the training images of the source's own validation split, the last ones; empty without one. */
export function validationMarks(
  { imported }: RawManifest,
  images: number,
): Pick<LabelledImages, 'isValidation'> {
  const held = imported?.images.validation;
  return held === undefined ? {} : { isValidation: new Uint8Array(images).fill(1, images - held) };
}

/**
 * How the import converted pictures. Empty for arrays, pixel tables and feedback, which had the final size, unless they were centred
 * or inverted.
 */
export function importOf({ imported }: RawManifest): Pick<PreparedDescription, 'imported'> {
  if (!imported) return {};
  const { format, fit, centre, invert } = imported;
  const isPictures = format === 'folder' || fit !== undefined || centre !== 'none' || invert !== 'no';
  return isPictures ? { imported: { ...(fit && { fit }), centre, invert } } : {};
}
