import { escapeMarkup, shorten } from './markup.js';
import { asSharp, mosaic, shrink, type Picture } from './picture.js';

const CELL = 56;
const GAP = 4;
const MARGIN = 12;
const TEXT = 15;
/** Of a sans-serif font, in text heights; names are cut to fit. */
const LETTER_WIDTH = 0.58;
const MAX_NAME = 18;

/** A row of a contact sheet. */
export interface SheetRow {
  name: string;
  pictures: readonly Picture[];
}

/**
 * A contact sheet as a PNG: a row for each class, its name on the left. Pixels of small images are shown as squares. The names
 * are set in a font of the system; without any, they are left out.
 */
export async function contactSheet(rows: readonly SheetRow[]): Promise<Buffer> {
  const names = rows.map(({ name }) => shorten(name, MAX_NAME));
  const left = MARGIN * 2 + Math.ceil(Math.max(...names.map((name) => name.length)) * TEXT * LETTER_WIDTH);
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length), 1);
  const width = left + columns * (CELL + GAP) - GAP + MARGIN;
  const height = MARGIN * 2 + rows.length * (CELL + GAP) - GAP;
  const topOf = (row: number): number => MARGIN + row * (CELL + GAP);
  const labels = names.map(
    (name, row) =>
      `<text x="${left - MARGIN}" y="${topOf(row) + CELL / 2 + TEXT / 3}" text-anchor="end">${escapeMarkup(name)}</text>`,
  );
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="${TEXT}" fill="#e8e8e8">${labels.join('')}</svg>`;
  const cells = rows.flatMap(({ pictures }, row) =>
    pictures.map(async (picture, column) => ({
      input: await cell(picture),
      left: left + column * (CELL + GAP),
      top: topOf(row),
    })),
  );
  const blank: Picture = {
    width,
    height,
    channels: 3,
    data: new Uint8Array(width * height * 3).fill(0x26),
  };
  return asSharp(blank)
    .composite([...(await Promise.all(cells)), { input: Buffer.from(overlay), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer();
}

async function cell(picture: Picture): Promise<Buffer> {
  const small = await shrink(picture, CELL);
  return asSharp(mosaic([[small]]))
    .resize({ width: CELL, height: CELL, fit: 'contain', kernel: 'nearest', background: '#000' })
    .toColourspace('srgb')
    .png()
    .toBuffer();
}
