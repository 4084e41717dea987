import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';

import { z } from 'zod';

import type { ForeignArray } from '../../artifacts/foreign/weights/array.js';
import { readHdf5, type Hdf5File } from '../../artifacts/foreign/weights/hdf5.js';
import { readForeignSafetensors } from '../../artifacts/foreign/weights/safetensors.js';
import { readTfjsWeights } from '../../artifacts/foreign/weights/tfjs-weights.js';
import { readZipMembers } from '../../artifacts/foreign/weights/zip-members.js';
import { readArtifact } from '../../core/encryption/artifact-file.js';
import { ToolkitError } from '../../core/errors.js';
import { readError, readTextWithin } from '../../core/files.js';
import { decodeText } from '../../core/formats/text.js';
import type { ImageShape } from '../../core/images.js';
import { complaintOf } from '../../core/validation.js';
import { backboneOf } from '../../models/backbones/state-dict.js';
import { importKeras } from '../../models/importing/keras/model.js';
import {
  weightsByName,
  weightsOfHdf5,
  weightsOfKerasFile,
  type FindWeight,
} from '../../models/importing/keras/weights.js';
import { weightFiles } from '../../tensorflow/node/weight-files.js';
import type { ImportedNet, Normalization } from '../../models/importing/net-writer.js';
import { torchDescription } from '../../models/importing/pytorch/description.js';
import { describeArrays, importTorch } from '../../models/importing/pytorch/model.js';

/** A model of another program, read. */
export interface ForeignModel {
  /** The program that made it, with its version where that is known. */
  program: string;
  programVersion: string;
  net: ImportedNet;
  /** The names of its classes, where it has them. */
  classNames?: readonly string[] | undefined;
  /** The files of its weights, where those are beside it. */
  weightFiles?: readonly string[];
  /** Whether it is scaled as `ToTensor` does, whatever its first layer is. */
  isZeroOne: boolean;
}

/** What is said about a model beside its file. */
export interface ForeignOptions {
  size: Partial<ImageShape> | undefined;
  /** The images that are assumed where neither the model nor `size` says it. */
  open?: Partial<ImageShape> | undefined;
  normalization: Normalization | undefined;
  /** Whether a model of Keras or TensorFlow.js that ends with features is taken as well, and gets an output layer. */
  addsHead?: boolean | undefined;
  /** The description of a PyTorch model. */
  layers: string | undefined;
  signal: AbortSignal;
}

/** A larger file is not read into memory. */
const MAX_BYTES = 2 ** 30;
const MAX_TEXT_BYTES = 64 * 2 ** 20;

type Read = (path: string, options: ForeignOptions) => Promise<ForeignModel>;

/** How each kind of file is read, by its extension. */
const readers: Readonly<Record<string, Read>> = {
  '.keras': readKerasFile,
  '.h5': readHdf5Model,
  '.hdf5': readHdf5Model,
  '.json': readTfjsModel,
  '.safetensors': readTorchModel,
};

/** What is never read, as it can run code, or has no layers. */
const refusals: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ...Object.fromEntries(
    ['.pt', '.pth', '.bin', '.ckpt', '.pkl', '.pickle'].map((extension) => [
      extension,
      [
        'a pickle can run any code when it is loaded, so it never is',
        'save the weights with safetensors.torch.save_file(model.state_dict(), "model.safetensors"), and describe the layers as docs/import.md says',
      ],
    ]),
  ),
  '.tflite': [
    'a TensorFlow Lite model has no layers to train further',
    'import the Keras model that it was made from',
  ],
  '.pb': ['a SavedModel has no layers to train further', 'import the Keras model that it was made from'],
};

/**
 * Reads a model of Keras, TensorFlow.js or PyTorch as a graph of our layers. Nothing in it is run. Throws MODEL_UNSUPPORTED,
 * MODEL_UNREADABLE, DATA_UNREADABLE, and what reading weights throws.
 */
export async function readForeignModel(path: string, options: ForeignOptions): Promise<ForeignModel> {
  const extension = extname(path).toLowerCase();
  const refusal = Object.hasOwn(refusals, extension) ? refusals[extension] : undefined;
  if (refusal) {
    const [reason, hint] = refusal;
    throw new ToolkitError('MODEL_UNSUPPORTED', { path, reason, hint });
  }
  const read = Object.hasOwn(readers, extension) ? readers[extension] : undefined;
  if (read) return read(path, options);
  throw new ToolkitError('MODEL_UNSUPPORTED', {
    path,
    reason: 'unknown file extension',
    hint: 'name a .keras or .h5 file, a model.json of TensorFlow.js, a .safetensors file of PyTorch, or an .onnx file',
  });
}

/** A model's file: a folder stands for the model.json in it. Throws DATA_UNREADABLE, MODEL_UNREADABLE or MODEL_UNSUPPORTED. */
export async function modelFile(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  if (found.isFile()) return path;
  // Opening a pipe would wait for its writer.
  if (!found.isDirectory()) throw unreadable(path, 'not a file');
  const names = await readdir(path);
  if (names.includes('model.json')) return join(path, 'model.json');
  throw new ToolkitError('MODEL_UNSUPPORTED', {
    path,
    reason: 'the folder has no model.json',
    hint: 'name the file of the model',
  });
}

/** What a file is called, or the folder of a model.json, without its extension. */
export function modelName(path: string): string {
  const name = basename(path, extname(path));
  return name === 'model' && path.endsWith('.json') ? basename(dirname(resolve(path))) : name;
}

async function readKerasFile(path: string, options: ForeignOptions): Promise<ForeignModel> {
  const wanted = ['config.json', 'metadata.json', 'model.weights.h5'];
  const members = await readZipMembers(path, wanted, options.signal);
  const member = (name: string): Buffer => {
    const bytes = members.get(name);
    if (bytes) return bytes;
    throw unreadable(path, `it has no ${name}, which every .keras file has`);
  };
  const metadata = parseJson(member('metadata.json'), path);
  const weights = await readHdf5(member('model.weights.h5'), path, options.signal);
  const config = parseJson(member('config.json'), path);
  return kerasModel(path, config, metadata, weightsOfKerasFile(weights), options);
}

async function readHdf5Model(path: string, options: ForeignOptions): Promise<ForeignModel> {
  const file = await readHdf5(await bytesOf(path), path, options.signal);
  const attributes = file.attributes.get('') ?? {};
  const config = attributes['model_config'];
  if (typeof config !== 'string') {
    throw new ToolkitError('MODEL_UNSUPPORTED', {
      path,
      reason: 'it holds only weights, not the layers',
      hint: 'save the whole model with model.save("model.keras")',
    });
  }
  const version = { keras_version: versionIn(file, attributes['keras_version']) };
  return kerasModel(path, parseJson(config, path), version, weightsOfHdf5(file), options);
}

function versionIn({ attributes }: Hdf5File, version: unknown): unknown {
  return version ?? attributes.get('model_weights')?.['keras_version'];
}

const versioned = z.looseObject({ keras_version: z.string().max(100).optional() });

function kerasModel(
  path: string,
  description: unknown,
  metadata: unknown,
  find: FindWeight,
  { size, open, normalization, addsHead }: ForeignOptions,
): ForeignModel {
  const version = versioned.safeParse(metadata).data?.keras_version ?? '';
  const net = importKeras(description, {
    ...{ path, find, size, open, normalization, addsHead },
    isKeras3: version.startsWith('3'),
  });
  return { program: 'Keras', programVersion: version, net, isZeroOne: false };
}

const tfjsModel = z.looseObject({
  format: z.string().optional(),
  generatedBy: z.string().max(200).nullish(),
  modelTopology: z.looseObject({ model_config: z.unknown().optional() }),
  weightsManifest: z.unknown(),
});

async function readTfjsModel(path: string, options: ForeignOptions): Promise<ForeignModel> {
  const text = await readTextWithin(path, MAX_TEXT_BYTES);
  const stored = tfjsModel.safeParse(parseJson(text ?? '', path));
  if (!stored.success) {
    throw unreadable(path, `not a model.json of TensorFlow.js: ${complaintOf(stored.error)}`);
  }
  const { format, generatedBy, modelTopology: topology, weightsManifest } = stored.data;
  const { size, open, normalization, addsHead } = options;
  if (format === 'graph-model' || 'node' in topology) {
    throw new ToolkitError('MODEL_UNSUPPORTED', {
      path,
      reason: 'a graph model of TensorFlow.js has operations, not layers to train further',
      hint: 'convert the Keras model with --output_format tfjs_layers_model, or import the Keras model itself',
    });
  }
  const description = topology.model_config ?? topology;
  const config = typeof description === 'string' ? parseJson(description, path) : description;
  const find = weightsByName(await readTfjsWeights(weightsManifest, path));
  const version = versioned.safeParse(topology).data?.keras_version ?? '';
  const isKeras3 = version.startsWith('3');
  const net = importKeras(config, { path, find, size, open, normalization, addsHead, isKeras3 });
  return {
    ...{ program: 'TensorFlow.js', programVersion: generatedBy ?? version, net, isZeroOne: false },
    weightFiles: weightFiles(weightsManifest, path),
  };
}

async function readTorchModel(
  path: string,
  { layers, normalization }: ForeignOptions,
): Promise<ForeignModel> {
  const arrays = readForeignSafetensors(await bytesOf(path), path);
  const place = layers ?? path.replace(/\.safetensors$/i, '.json');
  const text = await readTextWithin(place, MAX_TEXT_BYTES);
  if (text === undefined) throw missingDescription(path, place, arrays);
  const parsed = torchDescription.safeParse(parseJson(text, place));
  if (!parsed.success) {
    throw unreadable(place, `not a description of layers: ${complaintOf(parsed.error)}`);
  }
  const description = parsed.data;
  if (normalization && (description.mean ?? description.std)) {
    throw new ToolkitError('USAGE', {
      message: `--mean and --std are given, and ${place} has its own`,
      hint: 'leave out one of them',
    });
  }
  const net = importTorch({ ...description, ...normalization }, arrays, path);
  return { program: 'PyTorch', programVersion: '', net, classNames: description.classes, isZeroOne: true };
}

function missingDescription(
  path: string,
  place: string,
  arrays: ReadonlyMap<string, ForeignArray>,
): ToolkitError {
  const network = backboneOf(arrays);
  return new ToolkitError('MODEL_UNSUPPORTED', {
    path,
    reason: `it holds only weights, and ${place}, which describes the layers, does not exist`,
    hint:
      network === undefined
        ? `docs/import.md has a script that writes it; it begins: ${describeArrays(arrays).slice(0, 400)}`
        : `they are those of ${network} of torchvision, with which "mnist train --init-from ${path}" begins`,
  });
}

/** The bytes of a model's file. Throws MODEL_UNREADABLE for one that is too large, and reading errors. */
export async function bytesOf(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw unreadable(path, `${size} bytes; the limit is ${MAX_BYTES}`);
    return await readArtifact(path);
  } catch (error) {
    throw readError(error, path);
  }
}

function parseJson(text: string | Uint8Array, path: string): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : decodeText(text)) as unknown;
  } catch (error) {
    throw unreadable(path, `not JSON: ${complaintOf(error)}`);
  }
}

function unreadable(path: string, reason: string): ToolkitError {
  return new ToolkitError('MODEL_UNREADABLE', { path, reason });
}
