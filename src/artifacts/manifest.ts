import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import { z } from 'zod';

import { isKeyError } from '../core/encryption/key-errors.js';
import { ToolkitError } from '../core/errors.js';
import { readTextWithin, writeFileAtomically } from '../core/files.js';
import { sha256OfFile } from '../core/hashing.js';
import { complaintOf } from '../core/validation.js';
import { SIGNATURE_FILE } from './signing/statement.js';
import { privacyAccount } from './privacy.js';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A path inside the bundle; a damaged manifest must not lead out of it. */
const innerPath = z
  .string()
  .min(1)
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'not a path inside',
  );

const tensorSchema = z.strictObject({
  name: z.string(),
  type: z.enum(['uint8', 'int8', 'int32', 'float32']),
  /** Dimensions; a text is a dynamic one. */
  shape: z.array(z.union([z.int().min(0), z.string()])),
});

const manifestSchema = z.strictObject({
  format: z.literal('mnist-train/bundle'),
  version: z.literal(1),
  /** The version of this package that wrote it. */
  toolkit: z.string(),
  target: z.string(),
  createdAt: z.iso.datetime(),
  /** The source of the bundle. */
  source: z.strictObject({
    run: z.string(),
    kind: z.enum(['last', 'best']),
    step: z.int(),
    epochs: z.int(),
    createdAt: z.iso.datetime(),
    /** The SHA-256 of the checkpoint file. */
    checkpoint: hash,
    dataset: z.string(),
    fingerprint: z.string(),
  }),
  /** What the model has spent of the privacy of its training images; missing if it was trained without protection. */
  privacy: privacyAccount.optional(),
  model: z.strictObject({ name: z.string(), description: z.string(), parameters: z.int() }),
  classNames: z.array(z.string()).min(1).max(256),
  shape: z.strictObject({ height: z.int().min(1), width: z.int().min(1), channels: z.int().min(1) }),
  /** The scaling of pixels from 0 to 255 inside the model: pixel × scale + offset. */
  preprocessing: z.strictObject({ scaling: z.string(), scale: z.number(), offset: z.number() }),
  signature: z.strictObject({ inputs: z.array(tensorSchema), outputs: z.array(tensorSchema) }),
  /** Test metrics of the checkpoint; `exported` are those of the export, if it may differ. */
  metrics: z.strictObject({
    n: z.int(),
    accuracy: z.number(),
    loss: z.number(),
    exported: z.strictObject({ accuracy: z.number() }).nullable(),
  }),
  /** The comparison of the export with the checkpoint. */
  verification: z.strictObject({
    engine: z.string(),
    images: z.int(),
    largestDifference: z.number(),
    /** The limit of the difference; null if accuracies were compared instead. */
    bar: z.number().nullable(),
  }),
  /** All forms of an export that has several: each compared on so many images, with the checkpoint's accuracy on the same. */
  variants: z
    .array(
      z.strictObject({
        name: z.string(),
        path: innerPath,
        bytes: z.int(),
        images: z.int(),
        accuracy: z.number(),
        checkpointAccuracy: z.number(),
        largestDifference: z.number(),
      }),
    )
    .optional(),
  /** Every other file of the bundle. */
  files: z.array(z.strictObject({ path: innerPath, bytes: z.int(), sha256: hash })),
});

/** The metadata of a deployed model: `manifest.json` in its folder. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The inputs and outputs of a model. */
export type Signature = Manifest['signature'];

const MANIFEST = 'manifest.json';

/** Larger than any manifest, with 256 class names and a few dozen files. */
const MAX_MANIFEST_BYTES = 4 * 2 ** 20;

/** The paths of a bundle's files, sorted, without manifest and signature. Throws MODEL_CORRUPT for links and pipes, which lead out of it. */
export async function bundlePaths(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => !entry.isDirectory(),
  );
  const odd = entries.find((entry) => !entry.isFile());
  if (odd) {
    throw new ToolkitError('MODEL_CORRUPT', {
      path: join(odd.parentPath, odd.name),
      reason: 'not a plain file',
    });
  }
  return entries
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== MANIFEST && path !== SIGNATURE_FILE)
    .sort();
}

/** Lists a bundle's files with their hashes, by path. Throws what `bundlePaths` throws. */
export async function listFiles(folder: string): Promise<Manifest['files']> {
  const paths = await bundlePaths(folder);
  return Promise.all(
    paths.map(async (path) => {
      const file = join(folder, path);
      // Of the stored bytes: an encrypted bundle can be verified without its key.
      return { path, bytes: (await stat(file)).size, sha256: await sha256OfFile(file) };
    }),
  );
}

/** Writes a bundle's manifest atomically. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFileAtomically(
    join(folder, MANIFEST),
    `${JSON.stringify(manifestSchema.parse(manifest), undefined, 2)}\n`,
  );
}

/** The SHA-256 of a bundle's manifest, which holds the hashes of all other files. */
export function manifestHash(folder: string): Promise<string> {
  return sha256OfFile(join(folder, MANIFEST));
}

/** Reads a bundle's manifest. Throws MODEL_MISSING if there is none, and MODEL_CORRUPT. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  try {
    const text = await readTextWithin(path, MAX_MANIFEST_BYTES);
    if (text === undefined) {
      const details = { name: folder, hint: '"mnist registry list" lists the models' };
      throw new ToolkitError('MODEL_MISSING', details);
    }
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    if (isKeyError(error) || (error instanceof ToolkitError && error.code === 'MODEL_MISSING')) throw error;
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/** Reads a bundle's manifest and checks every file against it. Throws MODEL_MISSING or MODEL_CORRUPT. */
export async function verifyBundle(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const found = new Map((await listFiles(folder)).map((file) => [file.path, file]));
  for (const { path, sha256 } of manifest.files) {
    const file = found.get(path);
    const reason = !file ? 'missing' : file.sha256 === sha256 ? undefined : 'not the file that was deployed';
    if (reason) throw new ToolkitError('MODEL_CORRUPT', { path: join(folder, path), reason });
    found.delete(path);
  }
  for (const path of found.keys()) {
    throw new ToolkitError('MODEL_CORRUPT', { path: join(folder, path), reason: 'not in the manifest' });
  }
  return manifest;
}
