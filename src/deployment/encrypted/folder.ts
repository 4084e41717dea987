import { join } from 'node:path';

import { verifyBundle } from '../../artifacts/manifest.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  loadFloats,
  storeFloats,
  type StoredTensor,
} from '../../artifacts/safetensors.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { isFolder, readIfThere, readTextWithin, writeFileAtomically } from '../../core/files.js';
import { sha256 } from '../../core/hashing.js';
import { complaintOf } from '../../core/validation.js';
import { encryptedModelOf, type EncryptedModel, type EncryptedModelDescription } from './description.js';
import type { PackedLayer } from './matrices.js';
import type { Plan } from './plan.js';

/** The files of the folder: the weights as the server needs them, what clients need to know, and how encrypted images were checked. */
export const encryptedFiles = {
  weights: 'model.safetensors',
  description: 'parameters.json',
  check: 'check.json',
} as const;

/** The name of the target, as the manifest has it. */
export const ENCRYPTED = 'encrypted';

const MAX_DESCRIPTION_BYTES = 2 ** 20;
const MODEL_ID_LENGTH = 16;

/** Writes a model into a folder, and reads it from there. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeEncryptedModel(
  folder: string,
  described: Omit<EncryptedModelDescription, 'model'>,
  packed: readonly PackedLayer[],
): Promise<LoadedEncryptedModel> {
  const weights = Buffer.concat(encodeSafetensors({ tensors: tensorsOf(packed), metadata: {} }));
  const description = { ...described, model: sha256(weights).slice(0, MODEL_ID_LENGTH) };
  await writeFileAtomically(join(folder, encryptedFiles.weights), weights);
  const text = `${JSON.stringify(description, undefined, 2)}\n`;
  await writeFileAtomically(join(folder, encryptedFiles.description), text);
  return readFiles(folder);
}

/** A model for encrypted images, read from its folder. */
export interface LoadedEncryptedModel {
  model: EncryptedModel;
  packed: PackedLayer[];
}

/** Reads and verifies the folder that `mnist deploy --to encrypted` made. Throws MODEL_MISSING or MODEL_CORRUPT. */
export async function readEncryptedModel(folder: string): Promise<LoadedEncryptedModel> {
  const { target } = await verifyBundle(folder);
  if (target !== ENCRYPTED) {
    const reason = `deployed to "${target}"; "mnist deploy --to ${ENCRYPTED}" makes a model for encrypted images`;
    throw new ToolkitError('MODEL_CORRUPT', { path: folder, reason });
  }
  return readFiles(folder);
}

/**
 * Reads what clients need to know of a model.
 *
 * @param path the exported folder, or a copy of its `parameters.json`
 *
 * Throws MODEL_MISSING, MODEL_CORRUPT and DATA_UNREADABLE.
 */
export async function readDescription(path: string): Promise<EncryptedModel> {
  const file = (await isFolder(path)) ? join(path, encryptedFiles.description) : path;
  const text = await readTextWithin(file, MAX_DESCRIPTION_BYTES);
  if (text === undefined) {
    const hint = '"mnist deploy --to encrypted" makes it; a server gives it to clients at /encrypted/model';
    throw new ToolkitError('MODEL_MISSING', { name: file, hint });
  }
  return orCorrupt(file, () => encryptedModelOf(JSON.parse(text)));
}

async function readFiles(folder: string): Promise<LoadedEncryptedModel> {
  const model = await readDescription(folder);
  const path = join(folder, encryptedFiles.weights);
  const bytes = await readIfThere(path);
  if (!bytes) throw new ToolkitError('MODEL_CORRUPT', { path, reason: 'missing' });
  if (sha256(bytes).slice(0, MODEL_ID_LENGTH) !== model.description.model) {
    const reason = `not the weights that ${encryptedFiles.description} describes`;
    throw new ToolkitError('MODEL_CORRUPT', { path, reason });
  }
  return { model, packed: orCorrupt(path, () => layersOf(decodeSafetensors(bytes).tensors, model.plan)) };
}

function orCorrupt<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (isToolkitError(error)) throw error;
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

function tensorsOf(packed: readonly PackedLayer[]): Map<string, StoredTensor> {
  return new Map(
    packed.flatMap(({ diagonals, bias }, index) => {
      const all = new Float32Array(diagonals.length * bias.length);
      diagonals.forEach((diagonal, row) => {
        all.set(diagonal, row * bias.length);
      });
      return [
        [`layer${index + 1}/diagonals`, storeFloats(all, [diagonals.length, bias.length])],
        [`layer${index + 1}/bias`, storeFloats(bias, [bias.length])],
      ] as const;
    }),
  );
}

function layersOf(tensors: ReadonlyMap<string, StoredTensor>, { layers, slots }: Plan): PackedLayer[] {
  return layers.map(({ diagonals: count }, index) => {
    const all = floatsOf(tensors, `layer${index + 1}/diagonals`, count * slots);
    const bias = floatsOf(tensors, `layer${index + 1}/bias`, slots);
    const diagonals = Array.from({ length: count }, (_, row) => all.subarray(row * slots, (row + 1) * slots));
    return { diagonals, bias };
  });
}

function floatsOf(tensors: ReadonlyMap<string, StoredTensor>, name: string, length: number): Float32Array {
  const stored = tensors.get(name);
  if (!stored) throw new Error(`it has no tensor ${name}`);
  const values = loadFloats(stored);
  if (values.length !== length) throw new Error(`${name} has ${values.length} numbers, expected ${length}`);
  if (!values.every(Number.isFinite)) throw new Error(`${name} is not finite`);
  return values;
}
