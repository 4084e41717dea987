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
