import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { isForeignSafetensors } from '../../artifacts/foreign/identify.js';
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
import { bytesOf } from './foreign-model.js';
import { describeImported } from './import.js';
import { scalings } from './incoming.js';

/** The file that `--init-from` names. */
export interface InitialFile {
  readonly path: string;
  /** Whether it holds weights of torchvision, and is no checkpoint. */
  readonly isForeign: boolean;
}

/** Finds the file that `--init-from` names. Throws what `resolveCheckpoint` throws. */
export async function resolveInitial(name: string, checkpointsDir: string): Promise<InitialFile> {
  if (await isForeignSafetensors(name)) return { path: name, isForeign: true };
  const path = await resolveCheckpoint(name, checkpointsDir);
  return { path, isForeign: path !== name && (await isForeignSafetensors(path)) };
}

/** What a configuration says of training that begins with weights of torchvision. */
interface StartSettings {
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
export async function readStateDict(
  path: string,
  { model, features, scaling, dataset }: StartSettings,
): Promise<Checkpoint> {
  if (features.name !== 'raw') {
    throw new ToolkitError('USAGE', {
      message: `--features ${features.name}: the weights of ${path} take images`,
      hint: 'leave --features out',
    });
  }
  const tensors = fromStateDict(model, await stateDictIn(path), path, scaling === undefined);
  const incoming = {
    ...{ program: 'torchvision', programVersion: '', tensors, notes: [], config: {} },
    model: { name: model.name, description: '', parameters: 0 },
    // What its outputs stand for is not in the file.
    ...{ classes: 0, classNames: [] },
    shape: { height: 1, width: 1, channels: 3 },
    preprocessing: { scaling: 'zero-one', ...scalings['zero-one'] },
  };
  const origin = { program: incoming.program, version: '', file: path, sha256: '' };
  return { path, tensors, description: describeImported('', incoming, { dataset, classes: [] }, origin) };
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
