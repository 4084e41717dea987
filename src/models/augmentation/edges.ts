import { abs, clipByValue, sub, type Tensor } from '@tensorflow/tfjs-core';

import type { EdgeName } from './edge-names.js';

/** By how many pixels images of a side can be continued at most: a mirror image is as long as the image. */
export function longestPadding(edge: EdgeName, side: number): number {
  switch (edge) {
    case 'reflect':
      return side - 1;
    case 'symmetric':
      return side;
    default:
      return Infinity;
  }
}

/**
 * Where pixels are taken from, for places that may be beyond the edges: the nearest pixel (also for `constant`, whose pixels outside the
 * caller replaces), or its mirror image, with the pixel at the edge once (`reflect`) or twice (`symmetric`).
 *
 * @param places whole numbers, at most a side beyond the edges
 */
export function insideEdges(places: Tensor, side: number, edge: EdgeName): Tensor {
  switch (edge) {
    case 'reflect':
      return mirrored(places, side - 1);
    case 'symmetric':
      // Mirrored between the pixels' outer borders, which lie half a pixel further out.
      return sub(mirrored(sub(places, -0.5), side), 0.5);
    default:
      return clipByValue(places, 0, side - 1);
  }
}

/** Mirrors numbers at 0 and at `end`. */
function mirrored(values: Tensor, end: number): Tensor {
  return sub(end, abs(sub(end, abs(values))));
}
