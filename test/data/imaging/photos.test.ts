import { describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../src/artifacts/prepared.js';
import { preparePicture } from '../../../src/data/imaging/prepare.js';
import { greyPicture, photoOf, type PhotoOptions } from '../../support/foreign-pictures.js';

const shape = { height: 28, width: 28, channels: 1 };
const { test } = (await findPrepared(inject('dataDir'), 'mnist'))!;
/** The first of every second digit: each photo costs a twentieth of a second. */
const digits = Array.from({ length: 5 }, (_, half) => {
  const digit = 2 * half;
  const index = test.labels.indexOf(digit);
  return test.pixels.subarray(index * 784, (index + 1) * 784);
});

/** How alike two images are: the cosine of the angle between them. */
function likeness(a: Uint8Array, b: Uint8Array): number {
  const product = (p: Uint8Array, q: Uint8Array): number => p.reduce((sum, v, at) => sum + v * q[at]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const seen = (digit: Uint8Array, options?: PhotoOptions) => preparePicture(photoOf(digit, options), shape);
const clean = digits.map((digit) => seen(digit).pixels);

describe('photos of a sheet', () => {
  it.each<[string, PhotoOptions]>([
    ['with a shadow from the side', { shadow: 0.2 }],
    ['with a shadow across a corner', { shadow: 2.3 }],
    ['with a shadow over most of it', { shadow: -1.2 }],
    ['on ruled paper', { paper: 'ruled', tilt: 0.03 }],
    ['on squared paper', { paper: 'squared', tilt: -0.02 }],
    ['on ruled paper with a shadow', { paper: 'ruled', shadow: 0.9, tilt: 0.01 }],
  ])('%s give the digit as on clean paper', (_, options) => {
    const likenesses = digits.map((digit, index) => likeness(clean[index]!, seen(digit, options).pixels));
    // Of a pixel to the side, it is about 0.8.
    expect(Math.min(...likenesses)).toBeGreaterThan(0.7);
    expect(likenesses.filter((value) => value > 0.9).length).toBeGreaterThanOrEqual(2);
  });

  it('keep a stroke that lies on a line, and one that reaches the edge', () => {
    const ruled = greyPicture(200, 200, (x, y) => {
      const isStroke = x >= 60 && x < 140 && y >= 95 && y < 107;
      return isStroke ? 30 : y % 25 < 2 ? 150 : 230;
    });
    const { box } = preparePicture(ruled, shape);
    expect(box!.left).toBe(60);
    expect(box!.width).toBe(80);
    expect(box!.height).toBeGreaterThanOrEqual(12);
    const through = greyPicture(200, 200, (x, y) => (x >= 90 && x < 110 && y >= 40 ? 20 : 230));
    expect(preparePicture(through, shape).box).toEqual({ left: 90, top: 40, width: 20, height: 160 });
    // As wide as the picture, and too thick for a line.
    const bar = greyPicture(200, 200, (_x, y) => (y >= 80 && y < 100 ? 20 : 230));
    expect(preparePicture(bar, shape).box).toEqual({ left: 0, top: 80, width: 200, height: 20 });
  });
});
