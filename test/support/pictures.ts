import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import sharp from 'sharp';

import type { ImageTarget } from '../../src/data/imaging/importing/decode.js';

/** What an import makes of pictures by default: grey, 28×28, nothing centred or inverted. */
export const defaultTarget: ImageTarget = {
  width: 28,
  height: 28,
  channels: 1,
  fit: 'pad',
  centre: 'none',
  invert: 'no',
  maxPixels: 2 ** 24,
};

/** A grey PNG of one value, with a dot of another in its upper left corner, so that two can be told apart. */
export function picture(value: number, dot = value, side = 28): Promise<Buffer> {
  const data = Buffer.alloc(side * side, value);
  data[0] = dot;
  return sharp(data, { raw: { width: side, height: side, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

/** Grey pixels of a square image as a PNG. */
export function pngOf(pixels: Uint8Array, side = 28): Promise<Buffer> {
  return sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toBuffer();
}

/** Writes files below a folder, by their paths from it, and returns the folder. */
export async function writeTree(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
