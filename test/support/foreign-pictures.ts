import type { Picture } from '../../src/data/imaging/picture.js';

/** A grey picture whose brightness is a function of the place. */
export function greyPicture(
  width: number,
  height: number,
  brightness: (x: number, y: number) => number,
): Picture {
  const rgba = new Uint8Array(4 * width * height);
  for (let index = 0; index < width * height; index++) {
    const value = brightness(index % width, Math.floor(index / width));
    rgba.set([value, value, value, 255], 4 * index);
  }
  return { width, height, rgba };
}

/** An image of a data set (28×28, light on black) enlarged, on a larger sheet. */
export function onSheet(pixels: Uint8Array, factor: number, paint: (ink: number) => number): Picture {
  const side = 28 * factor;
  return greyPicture(side + 60, side + 20, (x, y) => {
    const [column, row] = [Math.floor((x - 50) / factor), Math.floor((y - 5) / factor)];
    const isInside = column >= 0 && column < 28 && row >= 0 && row < 28;
    return paint(isInside ? pixels[row * 28 + column]! : 0);
  });
}

/** What a photo of a sheet with a digit has beside the digit. */
export interface PhotoOptions {
  /** Lines in one direction, or in two. */
  paper?: 'plain' | 'ruled' | 'squared';
  /** A shadow with a hard edge through the sheet, in this direction (radians). */
  shadow?: number;
  /** How much the paper is turned: rise over run. */
  tilt?: number;
}

const PHOTO_SIDE = 224;

/** An image of a data set (28×28, light on black) as a photo of a sheet of paper: dark on light, off centre, with a camera's noise. */
export function photoOf(
  pixels: Uint8Array,
  { paper = 'plain', shadow, tilt = 0 }: PhotoOptions = {},
): Picture {
  const factor = 5;
  const inkAt = (x: number, y: number): number => {
    const [u, v] = [(x - 50) / factor, (y - 30) / factor];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const at = (c: number, r: number): number =>
      c >= 0 && c < 28 && r >= 0 && r < 28 ? pixels[r * 28 + c]! : 0;
    const [right, down] = [u - column, v - row];
    const smooth =
      (1 - right) * (1 - down) * at(column, row) +
      right * (1 - down) * at(column + 1, row) +
      (1 - right) * down * at(column, row + 1) +
      right * down * at(column + 1, row + 1);
    return 1 / (1 + Math.exp(-(smooth / 255 - 0.45) * 14));
  };
  const isOnLine = (place: number): boolean => (((place + 9) % 22) + 22) % 22 < 2;
  return greyPicture(PHOTO_SIDE, PHOTO_SIDE, (x, y) => {
    const isRuled = paper !== 'plain' && isOnLine(y - tilt * x);
    const isSquared = paper === 'squared' && isOnLine(x + tilt * y);
    let light = 225 * (isRuled || isSquared ? 0.6 : 1) * (1 - 0.75 * inkAt(x, y));
    if (shadow !== undefined) {
      const across = (x - PHOTO_SIDE / 2) * Math.cos(shadow) + (y - PHOTO_SIDE / 2) * Math.sin(shadow);
      if (across > 0) light *= 0.45;
    }
    return Math.max(0, Math.min(255, light + ((x * 7 + y * 13 + ((x * y) % 11)) % 9) - 4));
  });
}
