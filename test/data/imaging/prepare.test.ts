import { describe, expect, inject, it } from 'vitest';

import { findPrepared } from '../../../src/artifacts/prepared.js';
import { centreOfMass } from '../../../src/data/imaging/picture.js';
import { preparePicture } from '../../../src/data/imaging/prepare.js';
import { greyPicture, onSheet } from '../../support/foreign-pictures.js';

const shape = { height: 28, width: 28, channels: 1 };

const { test } = (await findPrepared(inject('dataDir'), 'mnist'))!;
const imageAt = (index: number): Uint8Array => test.pixels.subarray(index * 784, (index + 1) * 784);

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
}

/** The bounding box of what is not black. */
function extent(pixels: Uint8Array): { width: number; height: number } {
  const columns = [...pixels].flatMap((value, index) => (value > 0 ? [index % 28] : []));
  const rows = [...pixels].flatMap((value, index) => (value > 0 ? [Math.floor(index / 28)] : []));
  return {
    width: Math.max(...columns) - Math.min(...columns) + 1,
    height: Math.max(...rows) - Math.min(...rows) + 1,
  };
}

describe('preparePicture', () => {
  it('puts the digits of MNIST where MNIST has them, for it is how they were made', () => {
    for (let index = 0; index < 300; index++) {
      const source = imageAt(index);
      const { pixels } = preparePicture(
        greyPicture(28, 28, (x, y) => source[y * 28 + x]!),
        shape,
      );
      expect(largestDifference(source, pixels)).toBeLessThanOrEqual(2);
    }
  });

  it('brings a digit on paper, dark on light and off centre, back to the original', () => {
    for (const index of [0, 1, 2, 3, 4]) {
      const source = imageAt(index);
      const picture = onSheet(source, 6, (ink) => 255 - ink);
      const { pixels, inverted, blank } = preparePicture(picture, shape);
      expect({ inverted, blank }).toEqual({ inverted: true, blank: false });
      expect(largestDifference(source, pixels)).toBeLessThan(40);
    }
  });

  it('does not care for contrast, or for light that falls from one side', () => {
    const source = imageAt(0);
    const faint = preparePicture(
      onSheet(source, 5, (ink) => 160 - ink * 0.3),
      shape,
    );
    expect(largestDifference(source, faint.pixels)).toBeLessThan(40);
    const flat = onSheet(source, 5, (ink) => 255 - ink);
    const shaded = greyPicture(flat.width, flat.height, (x, y) => {
      const light = 1 - (0.5 * x) / flat.width;
      return flat.rgba[4 * (y * flat.width + x)]! * light;
    });
    // The shaded side's strokes are as black, on a darker ground: a little of their strength is lost.
    expect(largestDifference(source, preparePicture(shaded, shape).pixels)).toBeLessThan(130);
  });

  it('fits the longer side into 20 pixels, keeps the proportions, and centres the mass', () => {
    const bar = greyPicture(200, 100, (x, y) => (x >= 20 && x < 140 && y >= 10 && y < 40 ? 0 : 255));
    const { pixels, box } = preparePicture(bar, shape);
    expect(box).toEqual({ left: 20, top: 10, width: 120, height: 30 });
    expect(extent(pixels)).toEqual({ width: 20, height: 5 });
    const centre = centreOfMass({ width: 28, height: 28, values: Float32Array.from(pixels) });
    expect(Math.abs(centre.x - 14.5)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(centre.y - 14.5)).toBeLessThanOrEqual(0.5);
  });

  it('widens strokes that would vanish', () => {
    const hairline = greyPicture(300, 300, (x, y) => (x === 150 && y > 30 && y < 270 ? 0 : 255));
    const { pixels, thickened } = preparePicture(hairline, shape);
    expect(thickened).toBe(true);
    const row = [...pixels.subarray(14 * 28, 15 * 28)];
    expect(Math.max(...row)).toBe(255);
    expect(row.reduce((sum, value) => sum + value, 0)).toBeGreaterThan(255 * 1.5);
  });

  it('is not distracted by dust', () => {
    const clean = preparePicture(
      onSheet(imageAt(0), 6, (ink) => 255 - ink),
      shape,
    );
    const sheet = onSheet(imageAt(0), 6, (ink) => 255 - ink);
    sheet.rgba.set([0, 0, 0], 4 * (8 * sheet.width + 4));
    expect(preparePicture(sheet, shape).pixels).toEqual(clean.pixels);
  });

  it('sees strokes on a transparent sheet, dark or light', () => {
    for (const brightness of [0, 255]) {
      const sheet = greyPicture(100, 100, () => brightness);
      for (let index = 0; index < 10_000; index++) {
        const [x, y] = [index % 100, Math.floor(index / 100)];
        sheet.rgba[4 * index + 3] = x > 40 && x < 50 && y > 20 && y < 80 ? 255 : 0;
      }
      const { pixels, inverted } = preparePicture(sheet, shape);
      expect(inverted).toBe(brightness === 0);
      expect(extent(pixels)).toEqual({ width: 3, height: 20 });
    }
  });

  it.each([0, 128, 253])('says that a sheet of brightness %i shows nothing', (brightness) => {
    const noisy = greyPicture(50, 50, (x, y) => brightness + ((x * 7 + y * 13) % 3));
    const { blank, pixels, box } = preparePicture(noisy, shape);
    expect({ blank, box }).toEqual({ blank: true, box: null });
    expect(Math.max(...pixels)).toBe(0);
  });

  it('takes pictures of one pixel in a row, and of one alone', () => {
    const dash = greyPicture(9, 1, (x) => (x === 4 ? 0 : 255));
    expect(preparePicture(dash, shape).pixels).toHaveLength(784);
    expect(
      preparePicture(
        greyPicture(1, 1, () => 7),
        shape,
      ).blank,
    ).toBe(true);
  });

  it('fit: takes the whole picture, in colour where the model sees colours', () => {
    const rgba = Uint8Array.from({ length: 4 * 64 * 32 }, (_, at) => [200, 100, 50, 255][at % 4]!);
    const picture = { width: 64, height: 32, rgba };
    const { pixels } = preparePicture(picture, { height: 32, width: 32, channels: 3 }, 'fit');
    const middle = 3 * (16 * 32 + 16);
    expect([...pixels.subarray(middle, middle + 3)]).toEqual([200, 100, 50]);
    // Above and below the wide picture there is nothing.
    expect([...pixels.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  it.each(['fit', 'crop', 'stretch'] as const)(
    '%s: a photo without strokes is not blank, one of a single colour is',
    (how) => {
      const colours = { height: 16, width: 16, channels: 3 };
      // Grass or gravel: everywhere as far from its surroundings as anywhere else.
      const rough = Uint8Array.from({ length: 4 * 40 * 40 }, (_, at) =>
        at % 4 === 3 ? 255 : 90 + ((at * 7919) % 61),
      );
      expect(preparePicture({ width: 40, height: 40, rgba: rough }, colours, how).blank).toBe(false);
      const even = Uint8Array.from({ length: 4 * 40 * 40 }, (_, at) => [200, 100, 50, 255][at % 4]!);
      expect(preparePicture({ width: 40, height: 40, rgba: even }, colours, how).blank).toBe(true);
    },
  );
});
