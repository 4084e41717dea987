import { elementCount } from '../../../core/images.js';
import { fromHalf } from '../../../core/numerics/half.js';
import { bytesOf, readWeights } from '../../../tensorflow/node/weight-files.js';
import type { ForeignArray } from './array.js';

type Spec = Awaited<ReturnType<typeof readWeights>>[0][number];

/**
 * The arrays of floats of a TensorFlow.js model, by name; those that were quantised are turned back. Throws USAGE if a file is missing,
 * SOURCE_REFUSED (also for files outside the model's folder, and sizes that are not those of the shapes) or DATA_UNREADABLE.
 *
 * @param manifest the model's `weightsManifest`
 * @param path the model's file
 */
export async function readTfjsWeights(
  manifest: unknown,
  path: string,
): Promise<ReadonlyMap<string, ForeignArray>> {
  const [specs, buffer] = await readWeights(manifest, path);
  const arrays = new Map<string, ForeignArray>();
  let offset = 0;
  for (const spec of specs) {
    const start = offset;
    offset += bytesOf(spec);
    if (spec.dtype !== 'float32') continue;
    arrays.set(spec.name, { shape: spec.shape, values: () => valuesOf(spec, buffer, start) });
  }
  return arrays;
}

function valuesOf({ shape, quantization }: Spec, buffer: ArrayBuffer, start: number): Float32Array {
  const view = new DataView(buffer, start);
  const from = (read: (index: number) => number): Float32Array =>
    Float32Array.from({ length: elementCount(shape) }, (_, index) => read(index));
  if (!quantization) return from((index) => view.getFloat32(4 * index, true));
  if (quantization.dtype === 'float16') return from((index) => fromHalf(view.getUint16(2 * index, true)));
  const { scale = 1, min = 0 } = quantization;
  const read =
    quantization.dtype === 'uint8'
      ? (index: number): number => view.getUint8(index)
      : (index: number): number => view.getUint16(2 * index, true);
  return from((index) => read(index) * scale + min);
}
