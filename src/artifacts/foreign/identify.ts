import { open, readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { isAge, isArmored } from '../../core/encryption/age-header.js';
import { ToolkitError } from '../../core/errors.js';
import { describeFile, describeName, KERAS, mayBeCheckpoint, TENSORFLOW_JS } from './signatures.js';

/** How much of the beginning and the end of a file is read: a ZIP archive lists its members in its last bytes. */
const END_BYTES = 64 * 1024;

/**
 * Identifies a file or folder that is not a checkpoint: "an ONNX model". Undefined for checkpoints, encrypted and unreadable
 * files, and unknown formats.
 */
export async function identifyForeign(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return describeFolder(await readdir(path).catch(() => []));
  if (!found?.isFile()) return undefined;
  const { head, tail } = await readEnds(path, found.size).catch(() => ({
    head: Buffer.alloc(0),
    tail: Buffer.alloc(0),
  }));
  // What an encrypted file holds is seen when it is opened.
  if (isAge(head) || isArmored(head)) return undefined;
  const ends = { head, tail, size: found.size };
  return mayBeCheckpoint(ends) ? undefined : (describeFile(ends) ?? describeName(basename(path)));
}

/** Throws CHECKPOINT_FOREIGN for a file or folder in another known format. */
export async function refuseForeign(path: string): Promise<void> {
  const what = await identifyForeign(path);
  if (what !== undefined) throw new ToolkitError('CHECKPOINT_FOREIGN', { path, what });
}

function describeFolder(names: readonly string[]): string | undefined {
  const has = (name: string): boolean => names.includes(name);
  if (has('saved_model.pb') || has('saved_model.pbtxt')) return 'a TensorFlow SavedModel';
  if (has('model.json')) return TENSORFLOW_JS;
  if (has('model.weights.h5') || has('keras_metadata.pb')) return KERAS;
  if (has('pytorch_model.bin') || (has('config.json') && has('model.safetensors')))
    return 'a Hugging Face model';
  if (has('Manifest.json') && has('Data')) return 'a Core ML model';
  if (has('manifest.json') && has('model.onnx')) return 'a deployed ONNX model';
  if (has('manifest.json') && has('predictions.safetensors'))
    return 'a version of a model registry (its checkpoint is model.safetensors)';
  if (has('1') && has('manifest.json')) return 'a deployed TensorFlow SavedModel';
  return undefined;
}

async function readEnds(path: string, size: number): Promise<{ head: Buffer; tail: Buffer }> {
  const file = await open(path, 'r');
  try {
    const read = async (start: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, start);
      return buffer.subarray(0, bytesRead);
    };
    return { head: await read(0), tail: await read(Math.max(0, size - END_BYTES)) };
  } finally {
    await file.close();
  }
}
