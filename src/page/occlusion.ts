import { cover, coveredPlaces, fallsByPixel, type Covering } from '../evaluation/explanation/covering.js';

const COVERING: Covering = { patch: 4, stride: 2 };

interface Shape {
  width: number;
  height: number;
  channels: number;
}

/**
 * Occlusion map (Zeiler and Fergus, 2014): how much the evidence for a class falls when a region is hidden in black; positive where
 * the region supports the class. Each pixel gets the mean over the squares that hide it.
 *
 * @param evidence gives the evidence for the class in several images; the first one is unchanged
 */
export async function occlusion(
  pixels: Uint8Array,
  shape: Shape,
  evidence: (images: Uint8Array, count: number) => Promise<ArrayLike<number>>,
): Promise<Float32Array> {
  const places = coveredPlaces(shape, COVERING);
  const images = new Uint8Array((places.length + 1) * pixels.length);
  images.set(pixels);
  places.forEach((place, index) => {
    images.set(cover(pixels, shape, COVERING, place, 0), (index + 1) * pixels.length);
  });
  const [whole = 0, ...covered] = Array.from(await evidence(images, places.length + 1));
  return fallsByPixel(
    shape,
    COVERING,
    covered.map((remaining) => whole - remaining),
  );
}
