import { cover, coveredPlaces, fallsByPixel, type Covering } from '../explanation/covering.js';

const COVERING: Covering = { patch: 4, stride: 2 };

/**
 * Occlusion: how much the evidence for a class falls when a place is covered with black; positive where the place speaks
 * for the class. Each pixel has the mean over the squares that cover it (Zeiler and Fergus, 2014).
 *
 * @param evidence of several images at once: the first is the whole one
 */
export async function occlusion(
  pixels: Uint8Array,
  shape: { width: number; height: number; channels: number },
  evidence: (images: Uint8Array, count: number) => Promise<ArrayLike<number>>,
): Promise<Float32Array> {
  const covered = coveredPlaces(shape, COVERING).map((place) => cover(pixels, shape, COVERING, place, 0));
  const images = new Uint8Array((covered.length + 1) * pixels.length);
  [pixels, ...covered].forEach((image, index) => {
    images.set(image, index * pixels.length);
  });
  const [whole = 0, ...others] = Array.from(await evidence(images, covered.length + 1));
  return fallsByPixel(
    shape,
    COVERING,
    others.map((other) => whole - other),
  );
}
