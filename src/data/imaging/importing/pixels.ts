import { rowOf } from '../../../core/images.js';

/** An image in memory: bytes from 0 to 255, row by row, its channels side by side. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** The values of one channel along the four edges, in ascending order. */
export function borderValues({ width, height, channels, data }: Pixels, channel = 0): Uint8Array {
  const values: number[] = [];
  const take = (x: number, y: number): void => {
    values.push(data[(y * width + x) * channels + channel]!);
  };
  for (let x = 0; x < width; x++) {
    take(x, 0);
    take(x, height - 1);
  }
  for (let y = 1; y < height - 1; y++) {
    take(0, y);
    take(width - 1, y);
  }
  return Uint8Array.from(values).sort();
}

/** What the background of an image most likely is: the median along its edges, for each channel. */
export function backgroundOf(pixels: Pixels): number[] {
  return Array.from({ length: pixels.channels }, (_, channel) => {
    const values = borderValues(pixels, channel);
    return values[values.length >> 1]!;
  });
}

/** Black for white and white for black. */
export function invert(pixels: Pixels): Pixels {
  return { ...pixels, data: pixels.data.map((value) => 255 - value) };
}

/** Whether the background is nearer to white than to black, unlike that of MNIST. */
export function isOnLightBackground(pixels: Pixels): boolean {
  const background = backgroundOf(pixels);
  return background.reduce((sum, value) => sum + value, 0) / background.length > 127.5;
}

/** The image on a larger field, its upper left corner at a place, the rest filled with one value for each channel. */
export function placeOn(
  { width, height, channels, data }: Pixels,
  field: { width: number; height: number },
  corner: { x: number; y: number },
  filling: readonly number[],
): Pixels {
  const placed = new Uint8Array(field.width * field.height * channels);
  if (filling.some((value) => value !== 0)) {
    placed.forEach((_, index) => (placed[index] = filling[index % channels]!));
  }
  for (let row = 0; row < height; row++) {
    const line = rowOf(data, row, width * channels);
    placed.set(line, ((corner.y + row) * field.width + corner.x) * channels);
  }
  return { ...field, channels, data: placed };
}

/** A rectangle of an image. */
export function crop(
  { width, channels, data }: Pixels,
  box: { left: number; top: number; width: number; height: number },
): Pixels {
  const cropped = new Uint8Array(box.width * box.height * channels);
  for (let row = 0; row < box.height; row++) {
    const start = ((box.top + row) * width + box.left) * channels;
    cropped.set(data.subarray(start, start + box.width * channels), row * box.width * channels);
  }
  return { width: box.width, height: box.height, channels, data: cropped };
}
