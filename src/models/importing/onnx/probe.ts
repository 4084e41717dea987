import { pixelsPerImage, rowOf, type ImageShape, type PixelScaling } from '../../../core/images.js';
import { Random } from '../../../core/random.js';
import { SessionError } from '../../../engine/onnx-runtime/session.js';
import { OnnxSessions } from '../../../engine/onnx-runtime/sessions.js';
import { onnxRuntime } from '../../../engine/onnx-runtime/start.js';
import { limitsFor } from '../../onnx/classifier.js';
import { inputOf } from '../../onnx/input.js';
import { columnsOf, OutputError } from '../../onnx/output.js';
import type { OnnxSettings } from '../../onnx/settings.js';
import type { Refuse } from './refuse.js';

/** As many as show whether an image's answer depends on those beside it. */
const IMAGES = 3;
/** How far two answers for an image may be apart, beside the size of the answers. */
const TOLERANCE = { single: 1e-3, half: 2e-2 };

/**
 * What a model gives for some images of noise, row by row. Refuses a model that ONNX Runtime cannot load or compute, whose answers change
 * from run to run or with the images beside, or are not numbers.
 */
export async function probe(
  model: Uint8Array,
  shape: ImageShape,
  scaling: PixelScaling,
  settings: OnnxSettings,
  refuse: Refuse,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const { runtime } = await onnxRuntime();
  const sessions = new OnnxSessions(runtime, model, limitsFor(1));
  const { input, output } = settings;
  const size = pixelsPerImage(shape);
  const images = noise(IMAGES * size, scaling);
  const run = async (some: Float32Array): Promise<Float32Array[]> => {
    const wanted = some.length / size;
    const count = input.batch ?? wanted;
    const request = { input: inputOf(some, count, shape, settings), output: output.name };
    const found = await sessions.run(request, signal);
    const columns = columnsOf(found, count);
    return Array.from({ length: wanted }, (_, row) => rowOf(found.values, row, columns));
  };
  try {
    const alone: Float32Array[] = [];
    for (let row = 0; row < IMAGES; row++) alone.push(...(await run(rowOf(images, row, size))));
    if (!alone.every((row) => row.every(Number.isFinite))) refuse('its outputs are not numbers');
    const again = await run(rowOf(images, 0, size));
    const isHalf = input.type === 'float16';
    if (!areAlike(again, alone.slice(0, 1), isHalf)) {
      refuse('its answers for one image change from run to run', IN_TRAINING);
    }
    if (input.batch !== 1 && !areAlike(await run(batchOf(images, input.batch, size)), alone, isHalf)) {
      refuse('its answer for an image depends on the images beside it', IN_TRAINING);
    }
    return alone;
  } catch (error) {
    if (error instanceof SessionError) return refuse(`ONNX Runtime cannot compute it: ${error.message}`);
    if (error instanceof OutputError) return refuse(error.message, BATCHES);
    throw error;
  } finally {
    sessions.close();
  }
}

const IN_TRAINING = 'export it for inference: model.eval() before torch.onnx.export, or training=False';
const BATCHES = 'export it so that the first dimension of input and output is the number of images';

/** As many as a model takes at a time. */
function batchOf(images: Float32Array, batch: number | null, size: number): Float32Array {
  return images.subarray(0, Math.min(IMAGES, batch ?? IMAGES) * size);
}

function noise(count: number, { scale, offset }: PixelScaling): Float32Array {
  const random = new Random(1, 'onnx-probe');
  return Float32Array.from({ length: count }, () => random.integer(256) * scale + offset);
}

/** Whether the rows of one list are those at the beginning of another, but for rounding. */
function areAlike(some: readonly Float32Array[], all: readonly Float32Array[], isHalf: boolean): boolean {
  const tolerance = isHalf ? TOLERANCE.half : TOLERANCE.single;
  return some.every((row, index) => {
    const other = all[index]!;
    const largest = other.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    return row.every((value, at) => Math.abs(value - other[at]!) <= tolerance * largest);
  });
}
