import type { ImageShape } from '../../core/images.js';
import type { Plan } from './plan.js';

/** What the packing of an image depends on. */
export interface Packing {
  shape: ImageShape;
  /** Pixel × scale + offset. */
  preprocessing: { scale: number; offset: number };
  kernelSize: number;
  stride: number;
  plan: Pick<Plan, 'slots' | 'places' | 'taps'>;
}

/**
 * Packs an image into slots: for each pixel of a window (row by row, all channels), that pixel at every position of the window. So a
 * convolution is a product with a matrix. The slots are filled by repetition.
 *
 * @param pixels from 0 to 255
 */
export function packImage(
  pixels: Uint8Array,
  { shape, preprocessing, kernelSize, stride, plan }: Packing,
): Float64Array {
  const { height, width, channels } = shape;
  const { places, taps, slots } = plan;
  const { scale, offset } = preprocessing;
  const period = taps * places.padded;
  const packed = new Float64Array(slots);
  for (let tap = 0; tap < kernelSize ** 2 * channels; tap++) {
    const channel = tap % channels;
    const column = Math.floor(tap / channels) % kernelSize;
    const row = Math.floor(tap / channels / kernelSize);
    for (let place = 0; place < places.rows * places.columns; place++) {
      const y = Math.floor(place / places.columns) * stride + row;
      const x = (place % places.columns) * stride + column;
      // Beyond the edge the model pads with zeros, after scaling.
      if (y >= height || x >= width) continue;
      packed[tap * places.padded + place] = pixels[(y * width + x) * channels + channel]! * scale + offset;
    }
  }
  for (let start = period; start < slots; start += period) packed.copyWithin(start, 0, period);
  return packed;
}
