import { cover, coveredPlaces, fallsByPixel, type Covering } from '../explanation/covering.js';

const COVERING: Covering = { patch: 4, stride: 2 };

/**
 * Occlusion: how much the evidence for a class falls when a place is covered with black; positive where the place speaks
 * for the class. Each pixel has the mean over the squares that cover it (Zeiler and Fergus, 2014).
 */
export function occlusion(
  pixels: Uint8Array,
  shape: { width: number; height: number; channels: number },
  evidence: (pixels: Uint8Array) => number,
): Float32Array {
  const whole = evidence(pixels);
  const falls = coveredPlaces(shape, COVERING).map(
    (place) => whole - evidence(cover(pixels, shape, COVERING, place, 0)),
  );
  return fallsByPixel(shape, COVERING, falls);
}
