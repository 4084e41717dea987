import type { Box, Plane } from './picture.js';

/** A pixel with less ink than this belongs to no stroke: it may be an artefact of JPEG. */
const STROKE = 24;
/** Of the largest connected part's pixels, the share that another part must have to be more than dust. */
const DUST = 0.01;

/** Removes dust: connected parts far smaller than the largest. */
export function withoutDust(ink: Plane): Plane {
  const parts = connectedParts(ink);
  const largest = parts.reduce((most, { length }) => Math.max(most, length), 0);
  const dust = parts.filter(({ length }) => length < DUST * largest);
  if (dust.length === 0) return ink;
  const values = ink.values.slice();
  for (const index of dust.flat()) values[index] = 0;
  return { ...ink, values };
}

/** The pixels of each connected part, diagonal neighbours included. */
function connectedParts({ width, height, values }: Plane): number[][] {
  const isOpen = Uint8Array.from(values, (value) => Number(value >= STROKE));
  const parts: number[][] = [];
  for (let start = 0; start < isOpen.length; start++) {
    if (isOpen[start] === 0) continue;
    const part = [start];
    isOpen[start] = 0;
    // The part grows while it is walked over.
    for (const index of part) {
      const x = index % width;
      const y = (index - x) / width;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const neighbour = row * width + column;
          if (isOpen[neighbour] === 0) continue;
          isOpen[neighbour] = 0;
          part.push(neighbour);
        }
      }
    }
    parts.push(part);
  }
  return parts;
}

/** The smallest box with all strokes in it; undefined where there is none. */
export function boxOfStrokes({ width, height, values }: Plane, least = STROKE): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  values.forEach((value, index) => {
    if (value < least) return;
    const x = index % width;
    const y = (index - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** How wide strokes are in the mean, in pixels: a long stroke of width w and length l has the area w·l and 2·l of edge. */
export function strokeWidth({ width, height, values }: Plane): number {
  let area = 0;
  let edge = 0;
  const inkAt = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]! / 255;
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x <= width; x++) {
      const here = inkAt(x, y);
      area += here;
      // The length of the gradient, so that slanted edges count what they are long.
      edge += Math.hypot(here - inkAt(x - 1, y), here - inkAt(x, y - 1));
    }
  }
  return edge === 0 ? 0 : (2 * area) / edge;
}

/** Makes strokes wider by a radius on each side: each pixel takes the most ink within it. */
export function thicken(ink: Plane, radius: number): Plane {
  const reach = Math.floor(radius);
  // A square would fatten the diagonals: the disc is cut into rows, each with its own width.
  const rows = Array.from({ length: 2 * reach + 1 }, (_, index) => ({
    dy: index - reach,
    half: Math.floor(Math.sqrt(radius * radius - (index - reach) ** 2)),
  }));
  const { width, height, values } = ink;
  const result = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (value === 0) continue;
    const x = at % width;
    const y = (at - x) / width;
    for (const { dy, half } of rows) {
      const row = y + dy;
      if (row < 0 || row >= height) continue;
      for (let column = Math.max(0, x - half); column <= Math.min(width - 1, x + half); column++) {
        const target = row * width + column;
        if (result[target]! < value) result[target] = value;
      }
    }
  }
  return { width, height, values: result };
}
