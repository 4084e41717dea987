import type { Box, Plane } from './picture.js';

/** A pixel with less ink than this belongs to no stroke: it may be an artefact of JPEG. */
const STROKE = 24;
/** Where the edge of a stroke is taken to be; noise does not reach it. */
const HALF = 128;
/** Of the largest connected part's pixels, the share that another part must have to be more than dust. */
const DUST = 0.01;
/** The same for a part at the picture's edge, where it may be the rest of a shadow. */
const EDGE_PART = 0.3;

/** Removes dust: connected parts far smaller than the largest. */
export function withoutDust(ink: Plane): Plane {
  return withoutSmallParts(ink, DUST, () => true);
}

/** Removes what is left of shadows and ruled lines where they leave the picture: connected parts at its edge that are smaller than a drawing. */
export function withoutEdgeParts(ink: Plane): Plane {
  const { width, height } = ink;
  return withoutSmallParts(ink, EDGE_PART, (index) => {
    const x = index % width;
    const y = (index - x) / width;
    return x < 2 || y < 2 || x >= width - 2 || y >= height - 2;
  });
}

/**
 * Removes the connected parts with less than a share of the largest one's pixels, and with a pixel among those that are meant. The picture
 * itself is given back where there are none.
 */
function withoutSmallParts(ink: Plane, share: number, isMeant: (index: number) => boolean): Plane {
  const { parts, sizes } = connectedParts(ink);
  // Not Math.max(...sizes): noise makes more parts than a call has room for arguments.
  const least = share * sizes.reduce((most, size) => Math.max(most, size), 0);
  const removed = new Set<number>();
  parts.forEach((part, index) => {
    if (part > 0 && sizes[part - 1]! < least && isMeant(index)) removed.add(part);
  });
  if (removed.size === 0) return ink;
  return { ...ink, values: ink.values.map((value, index) => (removed.has(parts[index]!) ? 0 : value)) };
}

/** The number of the connected part (from 1) that each pixel belongs to, diagonal neighbours included, and their sizes. */
function connectedParts({ width, height, values }: Plane): { parts: Int32Array; sizes: number[] } {
  const parts = new Int32Array(values.length);
  const sizes: number[] = [];
  const waiting = new Int32Array(values.length);
  for (let start = 0; start < values.length; start++) {
    if (values[start]! < STROKE || parts[start] !== 0) continue;
    const part = sizes.length + 1;
    parts[start] = part;
    waiting[0] = start;
    let found = 1;
    for (let next = 0; next < found; next++) {
      const x = waiting[next]! % width;
      const y = (waiting[next]! - x) / width;
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const neighbour = row * width + column;
          if (values[neighbour]! < STROKE || parts[neighbour] !== 0) continue;
          parts[neighbour] = part;
          waiting[found++] = neighbour;
        }
      }
    }
    sizes.push(found);
  }
  return { parts, sizes };
}

/** The smallest box with all strokes in it; undefined where there is none. */
export function boxOfStrokes({ width, height, values }: Plane): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (values[y * width + x]! < STROKE) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** A box and the rows and columns beside it that hold ink: the outermost pixel of a smoothed stroke may be fainter than a stroke. */
export function withFaintEdges({ width, height, values }: Plane, box: Box): Box {
  const [right, bottom] = [box.left + box.width, box.top + box.height];
  const hasInk = (left: number, top: number, wide: number, high: number): boolean => {
    for (let y = top; y < top + high; y++) {
      for (let x = left; x < left + wide; x++) if ((values[y * width + x] ?? 0) > 0) return true;
    }
    return false;
  };
  const before = {
    left: box.left > 0 && hasInk(box.left - 1, box.top, 1, box.height) ? 1 : 0,
    top: box.top > 0 && hasInk(box.left, box.top - 1, box.width, 1) ? 1 : 0,
  };
  const after = {
    right: right < width && hasInk(right, box.top, 1, box.height) ? 1 : 0,
    bottom: bottom < height && hasInk(box.left, bottom, box.width, 1) ? 1 : 0,
  };
  return {
    left: box.left - before.left,
    top: box.top - before.top,
    width: box.width + before.left + after.right,
    height: box.height + before.top + after.bottom,
  };
}

/** How wide strokes are in the mean, in pixels: a long stroke of width w and length l has the area w·l and 2·l of edge. */
export function strokeWidth({ width, height, values }: Plane): number {
  let area = 0;
  let edge = 0;
  const inkAt = (x: number, y: number): 0 | 1 =>
    x >= 0 && y >= 0 && x < width && y < height && values[y * width + x]! >= HALF ? 1 : 0;
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

/** Makes strokes wider by a radius on each side, and the plane with them: each pixel takes the most ink within it. */
export function thicken(ink: Plane, radius: number): Plane {
  const reach = Math.floor(radius);
  // A square would fatten the diagonals: the disc is cut into rows, each with its own width.
  const rows = Array.from({ length: 2 * reach + 1 }, (_, index) => ({
    dy: index - reach,
    half: Math.floor(Math.sqrt(radius * radius - (index - reach) ** 2)),
  }));
  const width = ink.width + 2 * reach;
  const height = ink.height + 2 * reach;
  const values = new Float32Array(width * height);
  ink.values.forEach((value, at) => {
    if (value === 0) return;
    const x = (at % ink.width) + reach;
    const y = Math.floor(at / ink.width) + reach;
    for (const { dy, half } of rows) {
      const row = (y + dy) * width;
      for (let target = row + x - half; target <= row + x + half; target++) {
        if (values[target]! < value) values[target] = value;
      }
    }
  });
  return { width, height, values };
}
