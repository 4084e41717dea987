/** The side of the square that is covered, and how far it moves, in pixels of the model's image. */
const PATCH = 4;
const STRIDE = 2;

interface Shape {
  width: number;
  height: number;
  channels: number;
}

/**
 * Occlusion: how much the evidence for a class falls when a place is covered with black; positive where the place speaks
 * for the class. Each pixel has the mean over the squares that cover it (Zeiler and Fergus, 2014).
 *
 * @param evidence of several images at once: the first is the whole one
 */
export async function occlusion(
  pixels: Uint8Array,
  shape: Shape,
  evidence: (images: Uint8Array, count: number) => Promise<ArrayLike<number>>,
): Promise<Float32Array> {
  const { width, height } = shape;
  const places = placesOf(shape);
  const images = new Uint8Array((places.length + 1) * pixels.length);
  images.set(pixels);
  places.forEach((place, index) => {
    const image = images.subarray((index + 1) * pixels.length, (index + 2) * pixels.length);
    image.set(pixels);
    cover(image, place, shape);
  });
  const [whole = 0, ...covered] = Array.from(await evidence(images, places.length + 1));
  const sums = new Float32Array(width * height);
  const counts = new Float32Array(width * height);
  places.forEach(({ top, left }, index) => {
    for (let y = top; y < top + PATCH; y++) {
      for (let x = left; x < left + PATCH; x++) {
        sums[y * width + x]! += whole - covered[index]!;
        counts[y * width + x]! += 1;
      }
    }
  });
  return sums.map((sum, index) => sum / Math.max(1, counts[index]!));
}

function placesOf({ width, height }: Shape): { top: number; left: number }[] {
  const places = [];
  for (let top = 0; top <= height - PATCH; top += STRIDE) {
    for (let left = 0; left <= width - PATCH; left += STRIDE) places.push({ top, left });
  }
  return places;
}

function cover(image: Uint8Array, { top, left }: { top: number; left: number }, shape: Shape): void {
  const { width, channels } = shape;
  for (let y = top; y < top + PATCH; y++) {
    image.fill(0, (y * width + left) * channels, (y * width + left + PATCH) * channels);
  }
}
