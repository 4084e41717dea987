import { describe, expect, it } from 'vitest';

import { corrupt, corruptions } from '../../src/evaluation/corruptions.js';

const SIDE = 21;
const shape = { height: SIDE, width: SIDE, channels: 1 };
const named = (name: string): (typeof corruptions)[number] =>
  corruptions.find((corruption) => corruption.name === name)!;

/** Black images with one bright pixel, which is not in the middle. */
function dots(count: number, x: number, y: number): Uint8Array {
  const pixels = new Uint8Array(count * SIDE * SIDE);
  for (let image = 0; image < count; image++) pixels[image * SIDE * SIDE + y * SIDE + x] = 255;
  return pixels;
}

/** Where the bright pixel of each image stands now. */
function places(pixels: Uint8Array): [x: number, y: number][] {
  return Array.from({ length: pixels.length / SIDE ** 2 }, (_, image) => {
    const index = pixels.subarray(image * SIDE ** 2, (image + 1) * SIDE ** 2).indexOf(255);
    return [index % SIDE, Math.floor(index / SIDE)];
  });
}

it.each(corruptions)(
  '$name: the same seed makes the same of images, and another one or strength other',
  (one) => {
    const pixels = dots(8, 7, 9);
    const [weak, strong] = [one.strengths[0]!, one.strengths.at(-1)!];
    const made = corrupt(pixels, shape, one, weak, 1);
    expect(corrupt(pixels, shape, one, weak, 1)).toEqual(made);
    expect(corrupt(pixels, shape, one, strong, 1)).not.toEqual(made);
    if (one.name !== 'blur') expect(corrupt(pixels, shape, one, weak, 2)).not.toEqual(made);
    expect(pixels).toEqual(dots(8, 7, 9));
  },
);

describe('what is done to a pixel', () => {
  it('a shift moves it in each of the eight directions, and over the edge', () => {
    const moved = places(corrupt(dots(200, 10, 10), shape, named('shift'), 4, 1));
    const expected = [-4, 0, 4].flatMap((y) => [-4, 0, 4].map((x) => `${10 + x},${10 + y}`));
    expect(new Set(moved.map(String))).toEqual(new Set(expected.filter((place) => place !== '10,10')));
    const gone = corrupt(dots(50, 0, 0), shape, named('shift'), 4, 1);
    expect(places(gone).filter(([x]) => x === -1).length).toBeGreaterThan(10);
  });

  it('a rotation by a right angle puts it exactly where it belongs, on one side or the other', () => {
    // Five right of the middle comes to be five above it, or below.
    const turned = places(corrupt(dots(40, 15, 10), shape, { ...named('rotation'), strengths: [90] }, 90, 1));
    expect(new Set(turned.map(String))).toEqual(new Set(['10,5', '10,15']));
  });

  it('a blur spreads it as a Gaussian does', () => {
    const made = corrupt(dots(1, 10, 10), shape, named('blur'), 2, 1);
    const peak = made[10 * SIDE + 10]!;
    // 255 / (2π σ²), and what lies σ and 2σ away.
    expect(Math.abs(peak - 255 / (2 * Math.PI * 4))).toBeLessThan(0.6);
    for (const [distance, share] of [
      [2, Math.exp(-0.5)],
      [4, Math.exp(-2)],
    ] as const) {
      expect(Math.abs(made[10 * SIDE + 10 + distance]! - peak * share)).toBeLessThanOrEqual(1);
      expect(made[(10 - distance) * SIDE + 10]).toBe(made[10 * SIDE + 10 + distance]);
    }
    expect(Math.abs(made.reduce((sum, value) => sum + value, 0) - 255)).toBeLessThan(25);
  });

  it('noise has the standard deviation that it says', () => {
    const grey = new Uint8Array(SIDE ** 2 * 20).fill(128);
    const made = Float64Array.from(corrupt(grey, shape, named('noise'), 0.1, 1), (value) => value - 128);
    const spread = Math.sqrt(made.reduce((sum, value) => sum + value ** 2, 0) / made.length);
    expect(Math.abs(spread / 25.5 - 1)).toBeLessThan(0.03);
  });
});
