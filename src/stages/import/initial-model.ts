import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedDescription } from '../../artifacts/prepared.js';
import { ToolkitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import type { ImageShape } from '../../core/images.js';
import { graph } from '../../models/graph.js';
import { planModel } from '../../models/load-model.js';
import { describeImported, originOf, readNet } from './import.js';
import { importFields } from './import-options.js';
import type { Incoming } from './incoming.js';
import { requireRaw, type StartSettings } from './initial-weights.js';

/** What stands for the images of a model that leaves their size open, until those of the data are known. */
const OPEN = { height: 224, width: 224, channels: 3 };

/**
 * What a file of Keras or TensorFlow.js says of training that begins with it: the model, and the size of its images, where it has one.
 * Throws what `readForeignModel` throws.
 */
export async function settingsIn(
  path: string,
): Promise<{ model: Record<string, unknown>; size: number | string | undefined }> {
  const { config, shape, isSizeOpen } = await read(path);
  return { model: { model: graph.name, ...config }, size: isSizeOpen ? undefined : sizeOf(shape) };
}

/**
 * A model of Keras or TensorFlow.js as a checkpoint that training can begin with, as "mnist import" would make it; it does not name its
 * classes. Throws USAGE where the settings name another model or the data have other images, and what `readForeignModel` and `planModel` throw.
 */
export async function readInitialModel(
  path: string,
  settings: StartSettings,
  data: Pick<PreparedDescription, 'dataset' | 'shape'>,
  emit: Emit,
): Promise<Checkpoint> {
  refuseOtherModel(path, settings);
  requireRaw(path, settings);
  const incoming = await read(path);
  for (const message of incoming.notes) emit({ event: 'notice', message });
  const { dataset } = settings;
  const numbers = Array.from({ length: incoming.classes }, (_, index) => String(index));
  const description = describeImported(
    '',
    { ...incoming, classNames: numbers },
    { dataset, classes: [] },
    await originOf(path, incoming),
  );
  const checkpoint = { path, tensors: incoming.tensors, description };
  // It must be one that can be loaded: sizes, names and finite values.
  planModel(checkpoint);
  requireFit(checkpoint, incoming, data);
  return { ...checkpoint, description: { ...description, classNames: [] } };
}

/** Throws USAGE where the settings name a model beside that of a file. */
export function refuseOtherModel(path: string, { model: { name } }: Pick<StartSettings, 'model'>): void {
  if (name === graph.name) return;
  throw new ToolkitError('USAGE', {
    message: `--model ${name}: ${path} brings a model of its own`,
    hint: 'leave out --model',
  });
}

function read(path: string): Promise<Incoming> {
  return readNet(path, importFields.parse({}), new AbortController().signal, OPEN);
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
