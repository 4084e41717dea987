import { backgroundOf } from './background.js';
import type { Plane } from './picture.js';
import { darkOnShadedPaper, hasPatchAtEdge } from './shadow.js';

/** Whether dark and light are swapped: `auto` swaps them where the drawing is dark on light. */
export type Inversion = 'auto' | 'yes' | 'no';

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

/** A patch of shadow differs from the rest by at least so much, however noisy the picture seems because of it. */
const LEAST_PATCH = 24;
/** A picture whose shorter side has fewer pixels is an image of a data set, not a photo of a sheet. */
export const SMALLEST_SHEET = 64;

/** Differences lie from minus to plus this, and are counted in so many bins a level. */
const RANGE = 512;
const BINS = 4;

/**
 * Takes the drawing off its background: the background becomes 0 whatever its brightness, dark strokes on light are
 * inverted, weak strokes are strengthened to full, and what the background's noise explains is removed.
 */
export function inkOf(grey: Plane, inversion: Inversion = 'auto'): Ink {
  const { differences, noise } = differencesOf(grey);
  return inkFrom(grey, differences, noise, inversion);
}

/**
 * The same for a drawing on paper, which may lie partly in shadow: where the background is not one slanted plane, what is dark on
 * its own surroundings is ink.
 */
export function drawnInkOf(grey: Plane, inversion: Inversion = 'auto'): Ink & { shaded: boolean } {
  const { differences, noise } = differencesOf(grey);
  const least = Math.max(LEAST_CONTRAST, Math.min(LEAST_PATCH, 4 * noise));
  const isLarge = Math.min(grey.width, grey.height) >= SMALLEST_SHEET;
  if (isLarge && inversion !== 'no' && hasPatchAtEdge({ ...grey, values: differences }, least)) {
    const ink = inkFrom(grey, darkOnShadedPaper(grey), 0, 'yes');
    if (!ink.blank) return { ...ink, shaded: true };
  }
  return { ...inkFrom(grey, differences, noise, inversion), shaded: false };
}

/** How far a picture's pixels are from its background, and how far those of the background scatter. */
function differencesOf(grey: Plane): { differences: Float32Array; noise: number } {
  const { plane: background, noise } = backgroundOf(grey);
  return { differences: grey.values.map((value, index) => value - background.values[index]!), noise };
}

function inkFrom(
  { width, height }: Pick<Plane, 'width' | 'height'>,
  differences: Float32Array,
  noise: number,
  inversion: Inversion,
): Ink {
  const [darkest, lightest] = extremesOf(differences);
  const inverted = inversion === 'auto' ? -darkest > lightest : inversion === 'yes';
  const strength = inverted ? -darkest : lightest;
  if (strength < Math.max(LEAST_CONTRAST, 4 * noise)) {
    return { plane: { width, height, values: new Float32Array(width * height) }, inverted, blank: true };
  }
  const floor = 3 * noise;
  const gain = Math.max(1, FULL / (strength - floor));
  const sign = inverted ? -1 : 1;
  const values = new Float32Array(differences.length);
  for (let index = 0; index < values.length; index++) {
    const ink = (sign * differences[index]! - floor) * gain;
    if (ink >= 0.5) values[index] = Math.min(255, ink);
  }
  return { plane: { width, height, values }, inverted, blank: false };
}

/** The values between which all differences lie but the few beyond the quantile, to a quarter of a level. */
function extremesOf(differences: Float32Array): [number, number] {
  // Counted rather than sorted: a photograph has many pixels.
  const counts = new Uint32Array(2 * RANGE * BINS + 1);
  for (const difference of differences) {
    const bin = Math.round((difference + RANGE) * BINS);
    counts[Math.min(counts.length - 1, Math.max(0, bin))]! += 1;
  }
  const beyond = Math.floor(differences.length * (1 - STRENGTH_QUANTILE));
  const walk = (from: number, step: number): number => {
    let passed = 0;
    for (let bin = from; ; bin += step) {
      passed += counts[bin]!;
      if (passed > beyond) return bin / BINS - RANGE;
    }
  };
  return [walk(0, 1), walk(counts.length - 1, -1)];
}
