import { extname, join, resolve } from 'node:path';

import { writeCheckpoint, type Checkpoint, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { RUN_NAME, RunFolder } from '../../artifacts/run.js';
import { storeFloats } from '../../artifacts/safetensors.js';
import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { exists, withFolder, writeFileAtomically } from '../../core/files.js';
import { sha256OfFiles } from '../../core/hashing.js';
import { withLock } from '../../core/lock.js';
import { version } from '../../core/version.js';
import { datasets } from '../../data/datasets/index.js';
import { graph } from '../../models/graph.js';
import { planModel } from '../../models/load-model.js';
import type { ImportedNet, Normalization } from '../../models/importing/net-writer.js';
import { parameterCount } from '../../models/model.js';
import { noProgress } from '../../training/progress.js';
import { modelFile, modelName, readForeignModel } from './foreign-model.js';
import { sizeOf, type ImportOptions } from './import-options.js';
import { scalings, type Incoming } from './incoming.js';
import { readOnnxModel } from './onnx-model.js';

/** What became of a model from elsewhere. */
export interface Imported {
  run: string;
  folder: string;
  checkpoint: string;
  /** The program that made the model, with its version where that is known. */
  program: string;
  description: string;
  parameters: number;
  shape: CheckpointDescription['shape'];
  classNames: string[];
  preprocessing: CheckpointDescription['preprocessing'];
  /** Layers that are left out, and why that changes no output. */
  notes: string[];
}

/** As data sets are preprocessed by default: what `calibrate` takes for the validation split. */
const VALIDATION_SPLIT = 0.1;

/**
 * Makes a checkpoint of a model of Keras, TensorFlow.js or PyTorch, or of an ONNX file, in a run of its own, without running code in it. Throws
 * MODEL_UNSUPPORTED with every layer that cannot be imported, MODEL_UNREADABLE, RUN_EXISTS, USAGE, and reading and storage errors.
 *
 * @param path a .keras, .h5, .safetensors or .onnx file, a model.json, or its folder
 */
export async function importModel(
  path: string,
  options: ImportOptions,
  { signal, emit }: StageContext = silentContext(),
): Promise<Imported> {
  const file = await modelFile(path);
  const folder = await freeFolder(options, file);
  const isOnnx = extname(file).toLowerCase() === '.onnx';
  refuseForeignOption(isOnnx, options);
  const incoming = isOnnx
    ? await readOnnxModel(file, options, { signal, emit })
    : await readNet(file, options, signal);
  const description = describeImported(folder.name, incoming, options, await originOf(file, incoming));
  const checkpoint: Checkpoint = { path: folder.last, description, tensors: incoming.tensors };
  // It must be one that can be loaded: sizes, names and finite values.
  if (!isOnnx) planModel(checkpoint);
  await withFolder(folder.path, () =>
    withLock(folder.lock, { waitMs: 0 }, async () => {
      // Another import may have made it while this one read the model.
      await requireFree(folder);
      const { toolkit, config, data, machine, origin } = description;
      const text = JSON.stringify({ toolkit, config, data, machine, origin }, undefined, 2);
      await writeFileAtomically(folder.config, `${text}\n`);
      await writeCheckpoint(checkpoint);
    }),
  );
  for (const message of incoming.notes) emit({ event: 'notice', message });
  return {
    run: folder.name,
    folder: folder.path,
    checkpoint: folder.last,
    program: `${incoming.program} ${incoming.programVersion}`.trim(),
    description: description.model.description,
    parameters: description.model.parameters,
    shape: description.shape,
    classNames: description.classNames,
    preprocessing: description.preprocessing,
    notes: [...incoming.notes],
  };
}

async function freeFolder({ run, checkpointsDir }: ImportOptions, file: string): Promise<RunFolder> {
  const name =
    run ??
    modelName(file)
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '');
  if (!RUN_NAME.test(name)) {
    throw new ToolkitError('USAGE', {
      message: `the name of ${file} cannot be that of a run`,
      hint: 'give the run a name with --run',
    });
  }
  const folder = new RunFolder(join(checkpointsDir, name));
  await requireFree(folder);
  return folder;
}

async function requireFree({ name: run, path: folder, last }: RunFolder): Promise<void> {
  if (await exists(last)) throw new ToolkitError('RUN_EXISTS', { run, folder });
}

function normalizationOf({ mean, std }: ImportOptions): Normalization | undefined {
  if (mean.length === 0 && std.length === 0) return undefined;
  return { ...(mean.length > 0 && { mean }), ...(std.length > 0 && { std }) };
}

/** The record of a file that a model was read from, with the files of its weights. */
export async function originOf(
  file: string,
  { program, programVersion, weightFiles = [] }: Pick<Incoming, 'program' | 'programVersion' | 'weightFiles'>,
): Promise<NonNullable<CheckpointDescription['origin']>> {
  return {
    program,
    version: programVersion,
    file: resolve(file).split(/[\\/]/).at(-1)!,
    sha256: await sha256OfFiles([file, ...weightFiles]),
  };
}

function tensorsOf({ weights }: ImportedNet): Checkpoint['tensors'] {
  return new Map(
    [...weights].map(([name, array]) => [`parameters/${name}`, storeFloats(array.values(), array.shape)]),
  );
}

/**
 * A model whose layers are read. Throws what `readForeignModel` throws.
 *
 * @param start for training that begins with the model, which may be one without an output layer: the images that are assumed where nothing
 *   says their size
 */
export async function readNet(
  file: string,
  options: ImportOptions,
  signal: AbortSignal,
  start?: { open: CheckpointDescription['shape'] },
): Promise<Incoming> {
  const { net, program, programVersion, classNames, isZeroOne, weightFiles } = await readForeignModel(file, {
    size: sizeOf(options),
    normalization: normalizationOf(options),
    layers: options.layers,
    ...{ open: start?.open, addsHead: start !== undefined, signal },
  });
  const { shape, isSizeOpen, classes, nodes, model, notes, addedHead } = net;
  const scaling =
    options.scaling ??
    (isZeroOne || nodes[0]?.type !== 'scaling' || hasNormalization(options) ? 'zero-one' : 'none');
  return {
    ...{ program, programVersion, shape, isSizeOpen, classes, classNames, notes, weightFiles, addedHead },
    model: { name: graph.name, description: model.description, parameters: parameterCount(model) },
    config: { nodes },
    preprocessing: { scaling, ...scalings[scaling] },
    tensors: tensorsOf(net),
  };
}

/** Throws USAGE for an option that is for other models. */
function refuseForeignOption(isOnnx: boolean, { layers, preprocessing }: ImportOptions): void {
  const [option, kind] = isOnnx
    ? [layers === undefined ? undefined : '--layers', 'PyTorch weights']
    : [preprocessing === undefined ? undefined : '--preprocessing', 'an ONNX model'];
  if (option === undefined) return;
  throw new ToolkitError('USAGE', { message: `${option} is for ${kind}`, hint: `leave ${option} out` });
}

/** The description of a checkpoint of a model from elsewhere. Throws USAGE for another number of class names than it has outputs. */
export function describeImported(
  run: string,
  { program, programVersion, model, config, classes, classNames, shape, preprocessing }: Incoming,
  options: Pick<ImportOptions, 'dataset' | 'classes'>,
  origin: NonNullable<CheckpointDescription['origin']>,
): CheckpointDescription {
  return {
    format: 'mnist-train/checkpoint',
    version: 1,
    toolkit: version,
    run,
    kind: 'last',
    createdAt: new Date().toISOString(),
    config: { dataset: options.dataset, model: model.name, ...config, features: 'raw', epochs: 0 },
    model,
    origin,
    classNames: namesOf(classes, options, classNames),
    shape,
    preprocessing,
    data: {
      dataset: options.dataset,
      fingerprint: 'unknown',
      validationSplit: VALIDATION_SPLIT,
      splitSeed: 1,
      trainingImages: 0,
      validationImages: 0,
    },
    random: { seed: 1, generator: 'xoshiro128**' },
    progress: { step: 0, history: [...noProgress.history], partial: noProgress.partial },
    machine: {
      backend: program,
      backendVersion: programVersion,
      device: 'unknown',
      threads: 1,
      node: process.version,
      execution: null,
    },
  };
}

function hasNormalization({ mean, std }: ImportOptions): boolean {
  return mean.length + std.length > 0;
}

/** The names that were given, or those of the model, of a published data set, or numbers. Throws USAGE for another number of names. */
function namesOf(
  classes: number,
  { classes: given, dataset }: Pick<ImportOptions, 'dataset' | 'classes'>,
  own: readonly string[] | undefined,
): string[] {
  const published = datasets.get(dataset)?.classNames;
  if (given.length > 0 || own) {
    const names = given.length > 0 ? given : own!;
    if (names.length === classes) return [...names];
    throw new ToolkitError('USAGE', {
      message: `${names.length} class names, and the model has ${classes} outputs`,
      hint: 'name each class once, in the order of the outputs',
    });
  }
  return published?.length === classes
    ? [...published]
    : Array.from({ length: classes }, (_, index) => String(index));
}
