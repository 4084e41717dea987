import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { io } from '@tensorflow/tfjs-core';

import { messageOf, systemCodeOf, ToolkitError } from '../../core/errors.js';
import { makeFolder, readError, writeFileAtomically } from '../../core/files.js';
import { readWeights } from './weight-files.js';

const SCHEME = 'file://';
const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';

/**
 * Saves tfjs models to a folder, and loads them from a model.json (layers or graph model) or from the two files of an older graph model:
 * topology and weight manifest.
 */
export class NodeFileSystem implements io.IOHandler {
  static readonly URL_SCHEME = SCHEME;
  readonly #paths: readonly string[];

  /** @param path a folder to save to, a model.json to load, or two files. Throws USAGE for another number of files. */
  constructor(path: string | string[]) {
    if (Array.isArray(path) && path.length !== 2) {
      throw new ToolkitError('USAGE', {
        message: `file paths must have a length of 2, (actual length is ${path.length}).`,
        hint: 'pass a model.json, or a topology file and a weight manifest',
      });
    }
    this.#paths = [path].flat().map((each) => resolve(each));
  }

  /** Writes model.json and weights.bin; creates missing folders. Throws USAGE, STORAGE_FULL or STORAGE_DENIED. */
  async save(artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
    const [folder = '', ...others] = this.#paths;
    if (others.length > 0) throw unusable('Cannot perform saving to multiple paths.', 'save to one folder');
    if (artifacts.modelTopology instanceof ArrayBuffer) {
      throw unusable(
        'NodeFileSystem.save() does not support saving model topology in binary format yet.',
        'save a layers model, or copy the files of the model',
      );
    }
    const info = await stat(folder).catch(() => undefined);
    if (info?.isFile()) {
      throw unusable(
        `Path ${folder} exists as a file. The path must be nonexistent or point to a directory.`,
        'save to another folder',
      );
    }
    await makeFolder(folder);
    // Weights first: a visible model.json is complete.
    const weights = io.CompositeArrayBuffer.join(artifacts.weightData);
    await writeFileAtomically(join(folder, WEIGHTS_FILE), new Uint8Array(weights));
    await writeFileAtomically(join(folder, MODEL_FILE), JSON.stringify(modelOf(artifacts)));
    return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) };
  }

  /** Throws USAGE if a file is missing, SOURCE_REFUSED if one does not match the manifest, and DATA_UNREADABLE. */
  async load(): Promise<io.ModelArtifacts> {
    const [model = '', manifest] = this.#paths;
    return manifest === undefined ? loadModel(model) : loadGraph(model, manifest);
  }
}

/** The handler of a file:// URL; null, as tfjs expects, for other URLs. */
export function nodeFileSystemRouter(url: string | string[]): io.IOHandler {
  const urls = [url].flat();
  // tfjs's registry expects null; its type does not say so.
  if (!urls.every((each) => each.startsWith(SCHEME))) return null as unknown as io.IOHandler;
  const paths = urls.map((each) => each.slice(SCHEME.length));
  return new NodeFileSystem(Array.isArray(url) ? paths : paths[0]!);
}

/** The handler of a path without file://; see `NodeFileSystem`. */
export function fileSystem(path: string | string[]): NodeFileSystem {
  return new NodeFileSystem(path);
}

async function loadModel(path: string): Promise<io.ModelArtifacts> {
  await requireFile(
    'Path',
    path,
    'The path to load from must be a file. Loading from a directory is not supported.',
  );
  const model = await readJson(path);
  if (typeof model !== 'object' || model === null) throw refused(path, 'it describes no model');
  return io.getModelArtifactsForJSON(model as io.ModelJSON, (manifest) => readWeights(manifest, path));
}

async function loadGraph(topology: string, manifest: string): Promise<io.ModelArtifacts> {
  await requireFile('Topology Path', topology, 'File specified for topology is not a file!');
  await requireFile(
    'Weight Manifest Path',
    manifest,
    'File specified for the weight manifest is not a file!',
  );
  const modelTopology = await readFile(topology);
  const [weightSpecs, weightData] = await readWeights(await readJson(manifest), manifest);
  return { modelTopology: modelTopology as unknown as ArrayBuffer, weightSpecs, weightData };
}

async function requireFile(name: string, path: string, otherwise: string): Promise<void> {
  const info = await stat(path).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw readError(error, path);
    throw unusable(`${name} ${path} does not exist: loading failed`, 'check the path');
  });
  if (!info.isFile()) throw unusable(otherwise, `name a file, such as ${join(path, MODEL_FILE)}`);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw readError(error, path);
    throw refused(path, `it is not valid JSON (${messageOf(error)})`);
  }
}

function modelOf({ modelTopology, weightSpecs, ...more }: io.ModelArtifacts): io.ModelJSON {
  const { format, generatedBy, convertedBy, trainingConfig, signature, userDefinedMetadata } = more;
  return {
    modelTopology,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: weightSpecs ?? [] }],
    format,
    generatedBy,
    convertedBy,
    trainingConfig,
    signature,
    userDefinedMetadata,
  } as io.ModelJSON;
}

function refused(path: string, reason: string): ToolkitError {
  const hint = 'pass a model.json written by tfjs or its converter';
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint });
}

function unusable(message: string, hint: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint });
}
