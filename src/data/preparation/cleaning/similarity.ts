import type { Descriptors } from './descriptors.js';
import type { Thumbnails } from './thumbnails.js';

/** An image among thumbnails, and where its centre of mass is. */
export interface PlacedImage {
  images: Thumbnails;
  descriptors: Descriptors;
  index: number;
}

/** A pair this unlike at the expected shift is not looked at closer. */
const HOPELESS = 0.95;
/** Where brightening may have cut the bright pixels off, as shares of full white. */
const CLIPS = [0.9, 0.8, 0.7, 0.6, 0.5];

/**
 * How alike two images are: the highest normalised correlation over small shifts and over the cuts that a change of brightness
 * makes at white. Correlation itself does not see a change of brightness or contrast that cuts nothing off. At most 1, for
 * images that are equal but for these.
 */
export function similarity(a: PlacedImage, b: PlacedImage): number {
  const shift = [0, 1].map((axis) => Math.round(centre(a, axis) - centre(b, axis)));
  const [x = 0, y = 0] = shift;
  let best = { value: correlation(a, b, x, y, 255, 255), x, y };
  if (best.value < HOPELESS) return best.value;
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    const value = correlation(a, b, x + dx, y + dy, 255, 255);
    if (value > best.value) best = { value, x: x + dx, y: y + dy };
  }
  const cut = CLIPS.flatMap((share) => [
    correlation(a, b, best.x, best.y, 255 * share, 255),
    correlation(a, b, best.x, best.y, 255, 255 * share),
  ]);
  return Math.max(best.value, ...cut);
}

function centre({ descriptors, index }: PlacedImage, axis: number): number {
  return descriptors.centres[index * 2 + axis]!;
}

/** Pearson's correlation of two images' pixels where they overlap, the second moved by (x, y), both cut off at some value. */
function correlation(
  a: PlacedImage,
  b: PlacedImage,
  x: number,
  y: number,
  cutA: number,
  cutB: number,
): number {
  const { height, width } = a.images;
  const size = height * width;
  const [left, right] = [Math.max(0, x), Math.min(width, width + x)];
  const [top, bottom] = [Math.max(0, y), Math.min(height, height + y)];
  if (right <= left || bottom <= top) return 0;
  const count = (right - left) * (bottom - top);
  let [sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0];
  for (let row = top; row < bottom; row++) {
    let placeA = a.index * size + row * width + left;
    let placeB = b.index * size + (row - y) * width + left - x;
    for (let column = left; column < right; column++) {
      const valueA = Math.min(a.images.pixels[placeA++]!, cutA);
      const valueB = Math.min(b.images.pixels[placeB++]!, cutB);
      sumA += valueA;
      sumB += valueB;
      sumAA += valueA * valueA;
      sumBB += valueB * valueB;
      sumAB += valueA * valueB;
    }
  }
  const variances = (count * sumAA - sumA * sumA) * (count * sumBB - sumB * sumB);
  return variances <= 0 ? 0 : (count * sumAB - sumA * sumB) / Math.sqrt(variances);
}
