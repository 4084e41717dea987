import { borderValues,crop,placeOn,type Pixels } from './importing/pixels.js';
import { RejectionError } from '../rejection.js';

/** What is written or drawn, cut out: bright on black, without the background around it. */
export function cutOut(pixels: Pixels): Pixels {
  const border = borderValues(pixels);
  const background = border[border.length >> 1]!;
  // How far the background itself strays: the paper's grain, or nothing in a clean drawing.
  const noise = border[Math.floor(border.length * 0.95)]! - background;
  const brightest = pixels.data.reduce((max, value) => Math.max(max, value), 0);
  const threshold = Math.min(background + 2 * noise, (background + brightest) / 2);
  const box = boundingBox(pixels, threshold);
  if (!box) throw new RejectionError('nothing to centre: the image is blank');
  const range = brightest - background;
  const ink = crop(pixels, box);
  return {
    ...ink,
    data: ink.data.map((value) => Math.round((Math.max(0, value - background) * 255) / range)),
  };
}

function boundingBox(
  { width, height, data }: Pixels,
  threshold: number,
): { left: number; top: number; width: number; height: number } | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x]! <= threshold) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The size at which MNIST would draw a shape: its longer side 20 of 28 pixels, its proportions kept. */
export function boxFor({ width, height }: Pixels, size: number): { width: number; height: number } {
  const side = Math.max(1, Math.round((size * 20) / 28));
  const scale = side / Math.max(width, height);
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/**
 * Puts a shape onto a black field so that its centre of mass is at the field's centre, as in MNIST, where that is pixel 14 of
 * 0 to 27 (the mean over its test images is 14.01 and 13.99). A shape that would stick out is moved in.
 */
export function placeByMass(shape: Pixels, size: number): Pixels {
  const { x, y } = centreOfMass(shape);
  const place = (centre: number, side: number): number =>
    Math.min(Math.max(0, Math.round(size / 2 - centre)), size - side);
  const corner = { x: place(x, shape.width), y: place(y, shape.height) };
  return placeOn(shape, { width: size, height: size }, corner, [0]);
}

/** Where the brightness of an image balances, in pixels from the middle of the first. */
export function centreOfMass({ width, height, data }: Pixels): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  data.forEach((value, index) => {
    mass += value;
    x += value * (index % width);
    y += value * Math.floor(index / width);
  });
  return mass === 0 ? { x: (width - 1) / 2, y: (height - 1) / 2 } : { x: x / mass, y: y / mass };
}
