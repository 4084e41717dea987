import { scale } from '@observablehq/plot';

import { rowOf, type ImageShape } from '../../core/images.js';
import { escapeMarkup } from './markup.js';
import { asSharp, pictureOf, type Picture } from './picture.js';

/** ColorBrewer's red and blue, by Observable Plot's own scale. */
const RED_BLUE = scale({ color: { type: 'diverging', scheme: 'RdBu', domain: [-1, 1], reverse: true } });

/** How much darker full ink makes the colour under it. */
const INK = 0.3;
const PANEL = 280;
const MARGIN = 16;
const TITLE = 34;
const BAR = 12;
const FOOT = 64;

/**
 * The colour of a value from −1 to 1: ColorBrewer's red and blue, white in the middle, which people with any kind of colour
 * blindness tell apart (Harrower and Brewer, “ColorBrewer.org”, 2003). Red is positive.
 */
function heatColor(value: number): [red: number, green: number, blue: number] {
  // As CSS has it: "rgb(178, 24, 43)".
  const [red, green, blue] = String(RED_BLUE.apply(value)).match(/\d+/g)!.map(Number);
  return [red!, green!, blue!];
}

/** The largest value of a map, without its sign; what the colours are scaled by. */
export function strengthOf(map: Float32Array): number {
  return map.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** A map in colours, with the image's ink as shade over it. */
export function heatPicture(pixels: Uint8Array, shape: ImageShape, map: Float32Array): Picture {
  const { width, height, channels } = shape;
  const scale = strengthOf(map) || 1;
  const data = new Uint8Array(width * height * 3);
  map.forEach((value, place) => {
    const own = rowOf(pixels, place, channels);
    const ink = own.reduce((sum, pixel) => sum + pixel, 0) / channels / 255;
    const color = heatColor(value / scale);
    data.set(
      color.map((part) => Math.round(part * (1 - INK * ink))),
      place * 3,
    );
  });
  return { width, height, channels: 3, data };
}

/** What an explanation is of. */
export interface HeatSheetContent {
  pixels: Uint8Array;
  shape: ImageShape;
  map: Float32Array;
  title: string;
  /** What the numbers of the scale are. */
  unit: string;
}

/** An image and its map side by side, with the scale of the colours, as a PNG. The texts are set in a font of the system. */
export async function heatSheet({ pixels, shape, map, title, unit }: HeatSheetContent): Promise<Buffer> {
  const factor = PANEL / Math.max(shape.width, shape.height);
  const [width, height] = [Math.round(shape.width * factor), Math.round(shape.height * factor)];
  const panels = [pictureOf(pixels, shape), heatPicture(pixels, shape, map)];
  const images = panels.map(async (picture, column) => ({
    input: await asSharp(picture)
      .resize({ width, height, fit: 'fill', kernel: 'nearest' })
      .toColourspace('srgb')
      .png()
      .toBuffer(),
    left: MARGIN + column * (width + MARGIN),
    top: TITLE,
  }));
  const whole = { width: 2 * width + 3 * MARGIN, height: TITLE + height + FOOT };
  const words = {
    input: Buffer.from(frame(whole, 2 * MARGIN + width, TITLE + height, width, title, unit, strengthOf(map))),
    left: 0,
    top: 0,
  };
  const blank: Picture = {
    ...whole,
    channels: 3,
    data: new Uint8Array(whole.width * whole.height * 3).fill(255),
  };
  return asSharp(blank)
    .composite([...(await Promise.all(images)), words])
    .removeAlpha()
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function frame(
  whole: { width: number; height: number },
  left: number,
  bottom: number,
  width: number,
  title: string,
  unit: string,
  strength: number,
): string {
  const stops = Array.from({ length: 21 }, (_, index) => {
    const color = heatColor(index / 10 - 1).join();
    return `<stop offset="${index * 5}%" stop-color="rgb(${color})"/>`;
  });
  const top = bottom + 10;
  const label = (x: number, anchor: string, text: string): string =>
    `<text x="${x}" y="${top + BAR + 15}" text-anchor="${anchor}">${escapeMarkup(text)}</text>`;
  const number = strength.toPrecision(2);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}" font-family="sans-serif" font-size="12" fill="#1c1d21">`,
    `<defs><linearGradient id="scale">${stops.join('')}</linearGradient></defs>`,
    `<text x="${MARGIN}" y="22" font-size="15">${escapeMarkup(title)}</text>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${BAR}" fill="url(#scale)" stroke="#8a8d95" stroke-width="0.5"/>`,
    label(left, 'start', `−${number}`),
    label(left + width / 2, 'middle', '0'),
    label(left + width, 'end', `+${number}`),
    `<text x="${left + width / 2}" y="${top + BAR + 32}" text-anchor="middle" fill="#585b64">${escapeMarkup(unit)}</text>`,
    '</svg>',
  ].join('');
}
