import { setImmediate as nextTurn } from 'node:timers/promises';

import type { StageContext } from '../../core/events.js';
import { pixelsPerImage, type LabelledImages } from '../../core/images.js';
import type { Denoiser } from './denoisers/denoiser.js';

/** Images between which the event loop has a turn. */
const SLICE = 200;

/** Images without noise, as a denoiser makes them; the given ones stay as they are. */
export async function denoiseImages(
  images: LabelledImages,
  denoiser: Denoiser,
  { emit, signal }: StageContext,
): Promise<LabelledImages> {
  const { count, shape, pixels } = images;
  const size = pixelsPerImage(shape);
  const denoised = new Uint8Array(pixels.length);
  for (let start = 0; start < count; start += SLICE) {
    signal.throwIfAborted();
    const end = Math.min(count, start + SLICE);
    for (let index = start; index < end; index++) {
      const [from, to] = [index * size, (index + 1) * size];
      denoiser.denoise(pixels.subarray(from, to), denoised.subarray(from, to), shape);
    }
    emit({ event: 'progress', task: 'denoising', done: end, total: count, unit: 'images' });
    await nextTurn();
  }
  return { ...images, pixels: denoised };
}
