import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedDescription } from '../../artifacts/prepared.js';
import { ToolkitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import type { ImageShape } from '../../core/images.js';
import { graph } from '../../models/graph.js';
import { planModel } from '../../models/load-model.js';
import { layerOf } from '../../models/model.js';
import { describeImported, originOf, readNet } from './import.js';
import { importFields } from './import-options.js';
import type { Incoming } from './incoming.js';
import { requireRaw, type StartSettings } from './initial-weights.js';

/** What stands for the images of a model that leaves their size open, until those of the data are known. */
const OPEN = { height: 224, width: 224, channels: 3 };

/** A model of Keras or TensorFlow.js that training begins with, as it was read from its file. */
export interface InitialModel {
  readonly path: string;
  readonly incoming: Incoming;
  readonly origin: NonNullable<Checkpoint['description']['origin']>;
}

/** Reads a model of Keras or TensorFlow.js that training begins with. Throws what `readForeignModel` throws. */
export async function readInitialModel(path: string): Promise<InitialModel> {
  const incoming = await readNet(path, importFields.parse({}), new AbortController().signal, { open: OPEN });
  return { path, incoming, origin: await originOf(path, incoming) };
}

/** What a file says of training that begins with it: the model, and the size of its images, where it has one. */
export function settingsIn({ incoming: { config, shape, isSizeOpen } }: InitialModel): {
  model: Record<string, unknown>;
  size: number | string | undefined;
} {
  return { model: { model: graph.name, ...config }, size: isSizeOpen ? undefined : sizeOf(shape) };
}

/**
 * A model of Keras or TensorFlow.js as a checkpoint that training can begin with, as "mnist import" would make it; it does not name its
 * classes, and an output layer that was added to it has no weights. Throws USAGE where the settings name another model or the data have
 * other images, and what `planModel` throws.
 */
export function initialCheckpoint(
  { path, incoming, origin }: InitialModel,
  settings: StartSettings,
  data: Pick<PreparedDescription, 'dataset' | 'shape'>,
  emit: Emit,
): Checkpoint {
  refuseOtherModel(path, settings);
  requireRaw(path, settings);
  for (const message of incoming.notes) emit({ event: 'notice', message });
  const { dataset } = settings;
  const numbers = Array.from({ length: incoming.classes }, (_, index) => String(index));
  const named = { ...incoming, classNames: numbers };
  const description = describeImported('', named, { dataset, classes: [] }, origin);
  const checkpoint = { path, tensors: incoming.tensors, description };
  // It must be one that can be loaded: sizes, names and finite values.
  planModel(checkpoint);
  requireFit(checkpoint, incoming, data);
  const isRead = ([name]: [string, unknown]): boolean => layerOf(name) !== `parameters/${incoming.addedHead}`;
  const tensors = new Map([...incoming.tensors].filter(isRead));
  return { path, tensors, description: { ...description, classNames: [] } };
}

/** Throws USAGE where the settings name a model beside that of a file. */
function refuseOtherModel(path: string, { model: { name } }: Pick<StartSettings, 'model'>): void {
  if (name === graph.name) return;
  throw new ToolkitError('USAGE', {
    message: `--model ${name}: ${path} brings a model of its own`,
    hint: 'leave out --model',
  });
}

/** Throws USAGE where the layers of a model cannot take the images of the data: weights would not fit, or nothing be left of the images. */
function requireFit(
  checkpoint: Checkpoint,
  { shape: own, isSizeOpen }: Incoming,
  { dataset, shape }: Pick<PreparedDescription, 'dataset' | 'shape'>,
): void {
  try {
    planModel({ ...checkpoint, description: { ...checkpoint.description, shape } });
  } catch (error) {
    const size = isSizeOpen ? 'larger images' : `images of ${imageInWords(own)}`;
    const options = [
      ...(isSizeOpen || sizeOf(own) === sizeOf(shape) ? [] : [`--size ${sizeOf(own)}`]),
      ...(own.channels === shape.channels ? [] : [`--channels ${own.channels}`]),
    ];
    throw new ToolkitError(
      'USAGE',
      {
        message: `${checkpoint.path} takes ${size}, and those of the data set "${dataset}" are ${imageInWords(shape)}`,
        hint: `collect the images with ${options.join(' ') || 'a larger --size'}`,
      },
      { cause: error },
    );
  }
}

function imageInWords({ width, height, channels }: ImageShape): string {
  return `${width}×${height} pixels in ${channels === 1 ? 'grey' : channels === 3 ? 'colour' : `${channels} channels`}`;
}

/** As --size takes it. */
function sizeOf({ width, height }: ImageShape): number | string {
  return width === height ? width : `${width}x${height}`;
}
