import { rowOf } from '../../../core/images.js';

/** An image in memory: bytes from 0 to 255, row by row, its channels side by side. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** The values of one channel along the four edges, in ascending order. */
function edgeValues({ width, height, channels, data }: Pixels, channel: number): Uint8Array {
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

/** The colour along the edges of an image: the median of each channel. */
export function edgeColour(pixels: Pixels): number[] {
  return Array.from({ length: pixels.channels }, (_, channel) => {
    const values = edgeValues(pixels, channel);
    return values[values.length >> 1]!;
  });
}

/** Black for white and white for black. */
export function invert(pixels: Pixels): Pixels {
  return { ...pixels, data: pixels.data.map((value) => 255 - value) };
}

/** Whether the edges are nearer to white than to black, unlike those of MNIST's images. */
export function hasLightEdges(pixels: Pixels): boolean {
  const colour = edgeColour(pixels);
  return colour.reduce((sum, value) => sum + value, 0) / colour.length > 127.5;
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

/** Brightness from which a drawing is lost on white paper, and the share of its opacity that may be darker. */
const LIGHT = 224;
const DARKER_SHARE = 0.02;

/** Whether what is drawn on a transparent ground is nearly white. Red, green, blue and opacity of each pixel. */
export function isDrawnLight(rgba: Uint8Array): boolean {
  let [opacity, dark, transparent] = [0, 0, 0];
  for (let at = 0; at < rgba.length; at += 4) {
    const weight = rgba[at + 3]!;
    opacity += weight;
    transparent += 255 - weight;
    if ((rgba[at]! + rgba[at + 1]! + rgba[at + 2]!) / 3 < LIGHT) dark += weight;
  }
  return opacity > 0 && transparent > 0 && dark <= DARKER_SHARE * opacity;
}
