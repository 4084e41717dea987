import { backgroundOf } from './background.js';
import type { Plane } from './picture.js';

/** What is drawn on a picture, light on black as in MNIST. */
export interface Ink {
  /** 0 where there is nothing, up to 255 where the stroke is full. */
  plane: Plane;
  /** Whether the picture was dark on light. */
  inverted: boolean;
  /** Whether there is nothing on it. */
  blank: boolean;
}

/** Where the strokes' full strength is read: the few pixels beyond it may be glare or dust. */
const STRENGTH_QUANTILE = 0.998;
/** A drawing differs from its background by at least so much. */
const LEAST_CONTRAST = 16;
/** Strokes that reach this are full: stretching them would only change the picture. */
const FULL = 250;

/**
 * Takes the drawing off its background: the background becomes 0 whatever its brightness, dark strokes on light are
 * inverted, weak strokes are strengthened to full, and what the background's noise explains is removed.
 */
export function inkOf(grey: Plane): Ink {
  const { plane: background, noise } = backgroundOf(grey);
  const differences = grey.values.map((value, index) => value - background.values[index]!);
  const [darkest, lightest] = extremesOf(differences);
  const inverted = -darkest > lightest;
  const strength = inverted ? -darkest : lightest;
  const { width, height } = grey;
  if (strength < Math.max(LEAST_CONTRAST, 4 * noise)) {
    return { plane: { width, height, values: new Float32Array(width * height) }, inverted, blank: true };
  }
  const floor = 3 * noise;
  const gain = Math.max(1, FULL / (strength - floor));
  const sign = inverted ? -1 : 1;
  const values = differences.map((difference) => {
    const ink = (sign * difference - floor) * gain;
    return ink < 0.5 ? 0 : Math.min(255, ink);
  });
  return { plane: { width, height, values }, inverted, blank: false };
}

function extremesOf(differences: Float32Array): [number, number] {
  const sorted = differences.toSorted();
  const beyond = Math.floor(sorted.length * (1 - STRENGTH_QUANTILE));
  return [sorted[beyond]!, sorted[sorted.length - 1 - beyond]!];
}
