import { stat } from 'node:fs/promises';

import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { identifyForeign } from '../../artifacts/foreign/identify.js';
import { LAYERED, OTHER_SAFETENSORS } from '../../artifacts/foreign/signatures.js';
import { readForeignSafetensors } from '../../artifacts/foreign/weights/safetensors.js';
import { resolveCheckpoint } from '../../artifacts/run.js';
import { ToolkitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import { count } from '../../core/format.js';
import {
  backboneNames,
  backboneOf,
  fromStateDict,
  type NamedNetwork,
  type StateDict,
} from '../../models/backbones/state-dict.js';
import { outputsOf } from '../../training/transfer.js';
import { bytesOf, modelFile } from './foreign-model.js';
import { describeImported, originOf } from './import.js';
import { scalings } from './incoming.js';

/** The file that `--init-from` names. */
export interface InitialFile {
  readonly path: string;
  /** What it holds: one of our checkpoints, weights of a network of torchvision, or a model with its layers. */
  readonly kind: 'checkpoint' | 'weights' | 'model';
}

/** Finds the file that `--init-from` names. Throws what `resolveCheckpoint` throws. */
export async function resolveInitial(name: string, checkpointsDir: string): Promise<InitialFile> {
  const found = await stat(name).catch(() => undefined);
  const kind = await kindOf(name);
  if (found?.isFile() && kind !== 'checkpoint') return { path: name, kind };
  const path = await resolveCheckpoint(name, checkpointsDir).catch(async (error: unknown) => {
    // A folder of TensorFlow.js, unless there is a run of this name.
    if (found?.isDirectory() && kind === 'model') return modelFile(name);
    throw error;
  });
  return { path, kind: await kindOf(path) };
}

async function kindOf(path: string): Promise<InitialFile['kind']> {
  const what = await identifyForeign(path);
  if (what === OTHER_SAFETENSORS) return 'weights';
  return what !== undefined && LAYERED.has(what) ? 'model' : 'checkpoint';
}

/** What a configuration says of training that begins with a file from elsewhere. */
export interface StartSettings {
  model: NamedNetwork;
  features: { name: string };
  scaling?: string | undefined;
  dataset: string;
}

/** The model of torchvision whose weights a file holds. Throws MODEL_UNSUPPORTED, MODEL_UNREADABLE and reading errors. */
export async function backboneIn(path: string): Promise<string> {
  const found = backboneOf(await stateDictIn(path));
  if (found !== undefined) return found;
  throw new ToolkitError('MODEL_UNSUPPORTED', {
    path,
    reason: `its weights are not those of ${backboneNames} of torchvision`,
    hint: 'with a description of its layers, "mnist import" takes other networks (docs/import.md)',
  });
}

/**
 * Weights of torchvision as a checkpoint that training can begin with. They take pixels from 0 to 1, normalised as is usual for ImageNet, unless
 * the settings say how pixels are scaled. Throws USAGE, MODEL_UNSUPPORTED, MODEL_UNREADABLE and reading errors.
 */
export async function readStateDict(path: string, settings: StartSettings): Promise<Checkpoint> {
  const { model, scaling, dataset } = settings;
  requireRaw(path, settings);
  const tensors = fromStateDict(model, await stateDictIn(path), path, scaling === undefined);
  const incoming = {
    ...{ program: 'torchvision', programVersion: '', tensors, notes: [], config: {} },
    model: { name: model.name, description: '', parameters: 0 },
    // What its outputs stand for is not in the file.
    ...{ classes: 0, classNames: [] },
    shape: { height: 1, width: 1, channels: 3 },
    preprocessing: { scaling: 'zero-one', ...scalings['zero-one'] },
  };
  const origin = await originOf(path, incoming);
  return { path, tensors, description: describeImported('', incoming, { dataset, classes: [] }, origin) };
}

/** Throws USAGE for features, which a network that takes images has no use for. */
export function requireRaw(path: string, { features }: Pick<StartSettings, 'features'>): void {
  if (features.name === 'raw') return;
  throw new ToolkitError('USAGE', {
    message: `--features ${features.name}: the weights of ${path} take images`,
    hint: 'leave --features out',
  });
}

/** Says why an output layer is new where the weights are from elsewhere, which do not name their classes. */
export function reportNewHead(
  checkpoint: Checkpoint,
  fresh: readonly string[],
  classes: number,
  emit: Emit,
): void {
  const [head] = fresh;
  if (head === undefined || checkpoint.description.classNames.length > 0) return;
  const outputs = outputsOf(head, checkpoint);
  const found = outputs === undefined ? `has no ${head}` : `has ${count(outputs)} outputs`;
  const message = `${checkpoint.path} ${found}, and the data have ${count(classes)} classes: ${head} starts from random weights`;
  emit({ event: 'notice', message });
}

async function stateDictIn(path: string): Promise<StateDict> {
  return readForeignSafetensors(await bytesOf(path), path);
}
