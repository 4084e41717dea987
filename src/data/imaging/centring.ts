import { drawnInkOf, type Inversion } from './ink.js';
import { centreOfMass, paste, type Box, type Plane } from './picture.js';
import { resample } from './resample.js';
import { withoutRuledLines } from './ruled-lines.js';
import {
  boxOfStrokes,
  strokeWidth,
  thicken,
  withFaintEdges,
  withoutDust,
  withoutEdgeParts,
} from './strokes.js';

/** A drawing, centred as MNIST's makers did. */
export interface CentredDrawing {
  /** From 0 to 255, row by row; all 0 where the picture is blank. */
  pixels: Uint8Array;
  inverted: boolean;
  /** The part of the picture that was taken; null where it is blank. */
  box: Box | null;
  /** Whether strokes too thin to survive the shrinking were widened. */
  thickened: boolean;
}

/** MNIST's digits fill a box of 20 pixels in a field of 28. */
const BOX_SHARE = 20 / 28;
/** Strokes thinner than this, in pixels of the model's image, are widened to the second figure: MNIST's are 2 to 3 wide. */
const THIN = 1.2;
const WIDENED = 2;
/** A stroke whose middle reaches this is full. */
const FULL = 250;

/**
 * Makes a drawing into an image as MNIST was made: crops it, fits it into the box with its proportions kept, and moves its centre
 * of mass to the centre of the field.
 */
export function centredDrawing(
  grey: Plane,
  field: { width: number; height: number },
  inversion: Inversion = 'auto',
): CentredDrawing {
  const { plane, inverted, blank, shaded } = drawnInkOf(grey, inversion);
  const unruled = withoutRuledLines(plane);
  const isMended = shaded || unruled !== plane;
  const clean = withoutDust(isMended ? withoutEdgeParts(unruled) : unruled);
  const size = Math.max(1, Math.round(BOX_SHARE * Math.min(field.width, field.height)));
  const box = blank ? undefined : boxOfDrawing(clean, size);
  if (!box) {
    return { pixels: new Uint8Array(field.width * field.height), inverted, box: null, thickened: false };
  }
  const { ink, thickened } = widened(resample(clean, box, box.width, box.height), size);
  const scale = size / Math.max(ink.width, ink.height);
  const whole = { left: 0, top: 0, width: ink.width, height: ink.height };
  const inside = resample(ink, whole, fitted(ink.width, scale), fitted(ink.height, scale));
  return { pixels: placeByMass(strengthened(inside), field), inverted, box, thickened };
}

/** Where a picture is shrunk, a faint pixel more or less is nothing; in one as small as MNIST's it is a part of the drawing. */
function boxOfDrawing(ink: Plane, size: number): Box | undefined {
  const box = boxOfStrokes(ink);
  return box && Math.max(box.width, box.height) <= size ? withFaintEdges(ink, box) : box;
}

/** A length at another scale, at least one pixel. */
export function fitted(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale));
}

function widened(ink: Plane, size: number): { ink: Plane; thickened: boolean } {
  const scale = size / Math.max(ink.width, ink.height);
  // Where the picture is enlarged, its pixels are the finest that there is to see.
  if (scale >= 1) return { ink, thickened: false };
  const width = strokeWidth(ink) * scale;
  const radius = (WIDENED - width) / (2 * scale);
  if (width >= THIN || radius < 1) return { ink, thickened: false };
  return { ink: thicken(ink, radius), thickened: true };
}

function strengthened(plane: Plane): Plane {
  const most = plane.values.reduce((largest, value) => Math.max(largest, value), 1);
  const gain = Math.max(1, FULL / most);
  return gain === 1 ? plane : { ...plane, values: plane.values.map((value) => Math.min(255, value * gain)) };
}

function placeByMass(inside: Plane, field: { width: number; height: number }): Uint8Array {
  const centre = centreOfMass(inside);
  const place = (length: number, side: number, middle: number): number =>
    // In MNIST the mean centre of mass is the middle of pixel 14 of 0 to 27: half a pixel right of the field's middle, and below.
    Math.min(side - length, Math.max(0, Math.round(Math.floor(side / 2) + 0.5 - middle)));
  const corner = {
    left: place(inside.width, field.width, centre.x),
    top: place(inside.height, field.height, centre.y),
  };
  return paste(inside, { ...field, channels: 1 }, corner);
}
