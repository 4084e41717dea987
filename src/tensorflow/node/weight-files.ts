import { open, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

import type { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { systemCodeOf, ToolkitError } from '../../core/errors.js';
import { readError } from '../../core/files.js';

/** Bytes per element; each string starts with its length. */
const ELEMENT_BYTES = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
} as const;
const STRING_LENGTH_BYTES = 4;

const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'string', 'complex64', 'float16', 'uint16', 'uint8']),
  quantization: z.looseObject({ dtype: z.enum(['uint8', 'uint16', 'float16']) }).optional(),
});

const manifestSchema = z.array(z.object({ paths: z.array(z.string()), weights: z.array(weightSchema) }));

type Weight = z.infer<typeof weightSchema>;

/**
 * Reads the weights of a manifest. Its files must lie in the manifest's folder or below; their sizes are compared with the shapes before
 * memory is allocated. Throws USAGE if a file is missing, SOURCE_REFUSED or DATA_UNREADABLE.
 *
 * @param path the file that contains the manifest
 */
export async function readWeights(
  manifest: unknown,
  path: string,
): Promise<[io.WeightsManifestEntry[], ArrayBuffer]> {
  const parsed = manifestSchema.safeParse(manifest);
  if (!parsed.success) {
    throw refused(path, `its weight manifest is invalid: ${z.prettifyError(parsed.error)}`);
  }
  const files = await Promise.all(
    filesOf(parsed.data, path).map(async (file) => ({ file, bytes: await sizeOf(file) })),
  );
  const weights = parsed.data.flatMap((group) => group.weights);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  requireSize(total, weights, path);
  return [weights as io.WeightsManifestEntry[], await readFiles(files, total)];
}

/** The files of a manifest that was read. */
export function weightFiles(manifest: unknown, path: string): string[] {
  return filesOf(manifestSchema.parse(manifest), path);
}

function filesOf(groups: z.infer<typeof manifestSchema>, path: string): string[] {
  return groups.flatMap(({ paths }) => paths).map((name) => fileIn(dirname(path), name, path));
}

function fileIn(folder: string, name: string, manifest: string): string {
  const file = resolve(folder, name);
  const within = relative(folder, file);
  if (!isAbsolute(name) && within !== '' && within !== '..' && !within.startsWith(`..${sep}`)) return file;
  throw refused(manifest, `its weight manifest names ${JSON.stringify(name)}, outside the model's folder`);
}

async function sizeOf(file: string): Promise<number> {
  const info = await stat(file).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw readError(error, file);
    throw new ToolkitError('USAGE', {
      message: `Weight file ${file} does not exist: loading failed`,
      hint: 'copy the weight files to the folder of the model',
    });
  });
  if (!info.isFile()) throw refused(file, 'it is not a file');
  return info.size;
}

function requireSize(bytes: number, weights: readonly Weight[], path: string): void {
  const needed = weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
  // The lengths of strings are only in the file.
  const fits = weights.some(({ dtype }) => dtype === 'string') ? bytes >= needed : bytes === needed;
  if (fits && Number.isSafeInteger(needed)) return;
  throw refused(path, `its weights need ${needed} bytes, but their files have ${bytes}`);
}

/** How many bytes a tensor of a manifest takes in its file; of strings, the least. */
export function bytesOf({
  shape,
  dtype,
  quantization,
}: Pick<Weight, 'shape' | 'dtype' | 'quantization'>): number {
  const type = quantization?.dtype ?? dtype;
  const size = type === 'string' ? STRING_LENGTH_BYTES : ELEMENT_BYTES[type];
  return shape.reduce((product, length) => product * length, size);
}

async function readFiles(
  files: readonly { file: string; bytes: number }[],
  total: number,
): Promise<ArrayBuffer> {
  const whole = new Uint8Array(total);
  let position = 0;
  for (const { file, bytes } of files) {
    await readInto(whole.subarray(position, position + bytes), file);
    position += bytes;
  }
  return whole.buffer;
}

async function readInto(target: Uint8Array, file: string): Promise<void> {
  let done = 0;
  const handle = await open(file).catch((error: unknown) => {
    throw readError(error, file);
  });
  try {
    while (done < target.length) {
      const { bytesRead } = await handle.read(target, done, target.length - done, done);
      if (bytesRead === 0) throw refused(file, 'it was truncated while being read');
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function refused(path: string, reason: string): ToolkitError {
  return new ToolkitError('SOURCE_REFUSED', {
    path,
    reason,
    hint: 'the model is damaged or malicious: get it again from a source you trust',
  });
}
