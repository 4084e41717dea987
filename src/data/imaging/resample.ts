import type { Box, Plane } from './picture.js';

/** For each target pixel, where its source pixels begin and how much each counts. */
interface Taps {
  start: number;
  weights: Float32Array;
}

/**
 * A part of a plane at another size: each target pixel is the mean of the area that it covers, so that nothing aliases;
 * where the target is larger, values between pixels are interpolated linearly. At the same size nothing changes.
 */
export function resample(plane: Plane, box: Box, width: number, height: number): Plane {
  const columns = tapsFor(box.left, box.width, width);
  const rows = tapsFor(box.top, box.height, height);
  const narrow = new Float32Array(width * box.height);
  for (let y = 0; y < box.height; y++) {
    const offset = (box.top + y) * plane.width;
    columns.forEach(({ start, weights }, x) => {
      narrow[y * width + x] = weights.reduce(
        (sum, weight, tap) => sum + weight * plane.values[offset + start + tap]!,
        0,
      );
    });
  }
  const values = new Float32Array(width * height);
  rows.forEach(({ start, weights }, y) => {
    for (let x = 0; x < width; x++) {
      values[y * width + x] = weights.reduce(
        (sum, weight, tap) => sum + weight * narrow[(start - box.top + tap) * width + x]!,
        0,
      );
    }
  });
  return { width, height, values };
}

function tapsFor(origin: number, length: number, target: number): Taps[] {
  const step = length / target;
  return Array.from({ length: target }, (_, index) =>
    step > 1
      ? areaTaps(origin, length, index * step, (index + 1) * step)
      : linearTaps(origin, length, (index + 0.5) * step - 0.5),
  );
}

function areaTaps(origin: number, length: number, from: number, to: number): Taps {
  const first = Math.floor(from);
  const last = Math.min(length, Math.ceil(to - 1e-9));
  const weights = Float32Array.from({ length: last - first }, (_, tap) => {
    const covered = Math.min(to, first + tap + 1) - Math.max(from, first + tap);
    return covered / (to - from);
  });
  return { start: origin + first, weights };
}

function linearTaps(origin: number, length: number, position: number): Taps {
  const within = Math.min(length - 1, Math.max(0, position));
  const first = Math.floor(within);
  const rest = within - first;
  return {
    start: origin + first,
    weights: rest === 0 ? new Float32Array([1]) : new Float32Array([1 - rest, rest]),
  };
}
