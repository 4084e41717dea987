/** The side of the square that is covered, and how far it moves, in pixels of the model's image. */
const PATCH = 4;
const STRIDE = 2;

/**
 * Occlusion: how much the evidence for a class falls when a place is covered with black; positive where the place speaks
 * for the class. Each pixel has the mean over the squares that cover it (Zeiler and Fergus, 2014).
 */
export function occlusion(
  pixels: Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  evidence: (pixels: Uint8Array) => number,
): Float32Array {
  const whole = evidence(pixels);
  const sums = new Float32Array(width * height);
  const counts = new Float32Array(width * height);
  for (let top = 0; top <= height - PATCH; top += STRIDE) {
    for (let left = 0; left <= width - PATCH; left += STRIDE) {
      const covered = pixels.slice();
      for (let y = top; y < top + PATCH; y++) {
        covered.fill(0, (y * width + left) * channels, (y * width + left + PATCH) * channels);
      }
      const fall = whole - evidence(covered);
      for (let y = top; y < top + PATCH; y++) {
        for (let x = left; x < left + PATCH; x++) {
          sums[y * width + x]! += fall;
          counts[y * width + x]! += 1;
        }
      }
    }
  }
  return sums.map((sum, index) => sum / Math.max(1, counts[index]!));
}
