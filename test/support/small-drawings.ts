import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';

/** The side of the drawings, in pixels. */
export const DRAWING_SIDE = 8;

/** Drawings of two classes, light on dark: a bar that lies and one that stands, away from the middle. */
export function drawnPixels(label: number, at: number): Uint8Array {
  const pixels = new Uint8Array(DRAWING_SIDE ** 2);
  for (let long = 1; long < 6; long++) {
    for (let short = 1; short < 3; short++) {
      const [x, y] = label === 0 ? [long, short] : [short, long];
      pixels[y * DRAWING_SIDE + x] = 130 + 10 * at;
    }
  }
  return pixels;
}

/** Writes a folder with a folder for each of the two classes, and twelve drawings in each; returns it. */
export async function drawings(place: string): Promise<string> {
  const raw = { width: DRAWING_SIDE, height: DRAWING_SIDE, channels: 1 } as const;
  for (const [label, name] of ['lying', 'standing'].entries()) {
    await mkdir(join(place, name), { recursive: true });
    for (let at = 0; at < 12; at++) {
      await sharp(drawnPixels(label, at), { raw })
        .png()
        .toFile(join(place, name, `${at}.png`));
    }
  }
  return place;
}
