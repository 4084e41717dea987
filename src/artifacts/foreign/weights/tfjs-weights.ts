import { elementCount } from '../../../core/images.js';
import { readWeights } from '../../../tensorflow/node/weight-files.js';
import { fromHalf, type ForeignArray } from './array.js';

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
    const count = elementCount(spec.shape);
    offset += count * bytesPerNumber(spec);
    if (spec.dtype !== 'float32') continue;
    arrays.set(spec.name, { shape: spec.shape, values: () => valuesOf(spec, buffer, start, count) });
  }
  return arrays;
}

const BYTES: Readonly<Record<string, number>> = { bool: 1, uint8: 1, uint16: 2, float16: 2, complex64: 8 };

function bytesPerNumber({ dtype, quantization }: Spec): number {
  return BYTES[quantization?.dtype ?? dtype] ?? 4;
}

function valuesOf({ quantization }: Spec, buffer: ArrayBuffer, start: number, count: number): Float32Array {
  const view = new DataView(buffer, start);
  const from = (read: (index: number) => number): Float32Array =>
    Float32Array.from({ length: count }, (_, index) => read(index));
  if (!quantization) return from((index) => view.getFloat32(4 * index, true));
  if (quantization.dtype === 'float16') return from((index) => fromHalf(view.getUint16(2 * index, true)));
  const { scale = 1, min = 0 } = quantization;
  const read =
    quantization.dtype === 'uint8'
      ? (index: number): number => view.getUint8(index)
      : (index: number): number => view.getUint16(2 * index, true);
  return from((index) => read(index) * scale + min);
}
