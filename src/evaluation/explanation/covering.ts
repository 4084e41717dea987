/** The size and step of the hidden square, in pixels of the model's input. */
export interface Covering {
  patch: number;
  stride: number;
}

/** Height and width of an image. */
interface Size {
  width: number;
  height: number;
}

/** The positions of the square, which reach every edge. */
export function coveredPlaces(
  { width, height }: Size,
  { patch, stride }: Covering,
): { left: number; top: number }[] {
  const starts = (length: number): number[] => {
    const last = Math.max(0, length - patch);
    return Array.from({ length: Math.ceil(last / stride) + 1 }, (_, step) => Math.min(step * stride, last));
  };
  return starts(height).flatMap((top) => starts(width).map((left) => ({ left, top })));
}

/** Fills a square of an image with one value. */
export function cover<Pixels extends Uint8Array | Float32Array>(
  pixels: Pixels,
  { width, height, channels }: Size & { channels: number },
  { patch }: Covering,
  { left, top }: { left: number; top: number },
  value: number,
): Pixels {
  const covered = pixels.slice() as Pixels;
  for (let y = top; y < Math.min(height, top + patch); y++) {
    const right = Math.min(width, left + patch);
    covered.fill(value, (y * width + left) * channels, (y * width + right) * channels);
  }
  return covered;
}

/** The mean drop over the squares that cover each pixel; there is one drop for each of `coveredPlaces`. */
export function fallsByPixel(
  { width, height }: Size,
  covering: Covering,
  falls: ArrayLike<number>,
): Float32Array {
  const sums = new Float32Array(width * height);
  const counts = new Float32Array(width * height);
  coveredPlaces({ width, height }, covering).forEach(({ left, top }, index) => {
    for (let y = top; y < Math.min(height, top + covering.patch); y++) {
      for (let x = left; x < Math.min(width, left + covering.patch); x++) {
        sums[y * width + x]! += falls[index]!;
        counts[y * width + x]! += 1;
      }
    }
  });
  return sums.map((sum, index) => sum / Math.max(1, counts[index]!));
}
