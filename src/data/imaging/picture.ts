import type { ImageShape } from '../../core/images.js';

/** A picture as a decoder or a canvas gives it: four bytes a pixel (red, green, blue, opacity), row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array | Uint8ClampedArray;
}

/** One number a pixel, row by row; 0 to 255 unless it is said otherwise. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** A part of a picture, in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A plane whose values are those of a function of the place. */
function planeOf(width: number, height: number, value: (x: number, y: number) => number): Plane {
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[y * width + x] = value(x, y);
  }
  return { width, height, values };
}

/** How bright people see a colour, from 0 to 255 (ITU-R BT.601, as in JPEG). */
function lumaOf(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/**
 * Red, green and blue of a picture laid on paper: where it is transparent, the paper shows. The paper is white, unless what
 * is drawn is so light that only black paper shows it.
 */
export function opaqueChannels({ width, height, rgba }: Picture): Plane[] {
  const paper = paperOf(rgba);
  return [0, 1, 2].map((channel) =>
    planeOf(width, height, (x, y) => {
      const at = 4 * (y * width + x);
      const opacity = rgba[at + 3]! / 255;
      return rgba[at + channel]! * opacity + paper * (1 - opacity);
    }),
  );
}

/** The brightness of a picture laid on paper. */
export function greyOf(picture: Picture): Plane {
  const { width, height, rgba } = picture;
  const paper = paperOf(rgba);
  const values = new Float32Array(width * height);
  for (let index = 0, at = 0; index < values.length; index++, at += 4) {
    const opacity = rgba[at + 3]! / 255;
    values[index] = lumaOf(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!) * opacity + paper * (1 - opacity);
  }
  return { width, height, values };
}

/** The mean brightness of what is drawn decides, each pixel counting by its opacity. */
function paperOf(rgba: Picture['rgba']): number {
  let weight = 0;
  let brightness = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const opacity = rgba[at + 3]!;
    weight += opacity;
    brightness += opacity * lumaOf(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!);
  }
  return brightness > 128 * weight ? 0 : 255;
}

/** The mean place of a plane's values, where the middle of the first pixel is at 0.5. */
export function centreOfMass({ width, height, values }: Plane): { x: number; y: number } {
  let [mass, sumX, sumY] = [0, 0, 0];
  values.forEach((value, index) => {
    const column = index % width;
    mass += value;
    sumX += value * (column + 0.5);
    sumY += value * ((index - column) / width + 0.5);
  });
  return mass === 0 ? { x: width / 2, y: height / 2 } : { x: sumX / mass, y: sumY / mass };
}

/** Puts a plane into one channel of an image, its upper left corner at a place. */
export function paste(
  plane: Plane,
  { width, height, channels }: ImageShape,
  corner: Pick<Box, 'left' | 'top'>,
  pixels = new Uint8Array(width * height * channels),
  channel = 0,
): Uint8Array {
  plane.values.forEach((value, index) => {
    const x = index % plane.width;
    const y = (index - x) / plane.width;
    pixels[((corner.top + y) * width + corner.left + x) * channels + channel] = Math.round(value);
  });
  return pixels;
}
