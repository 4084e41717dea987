import { expect, it } from 'vitest';

import { withShiftedCopies } from '../../../../src/data/preparation/cleaning/shifted-copies.js';
import { greyImages } from '../../../support/images.js';

// One bright pixel in the middle of 14×14: a fourteenth of the side is one pixel.
const dot = Array.from({ length: 196 }, (_, place) => (place === 7 * 14 + 7 ? 200 : 0));
const images = greyImages(
  14,
  Array.from({ length: 30 }, () => dot),
  Array.from({ length: 30 }, (_, index) => index % 4),
);

it('the first copy is the image itself, the others are moved by a pixel at most', () => {
  const copied = withShiftedCopies(images, 3, 1);
  expect(copied.count).toBe(90);
  expect(copied.pixels.subarray(0, images.pixels.length)).toEqual(images.pixels);
  const places = new Set<string>();
  for (let index = 30; index < 90; index++) {
    const image = copied.pixels.subarray(index * 196, (index + 1) * 196);
    const place = image.indexOf(200);
    expect(image.reduce((sum, pixel) => sum + pixel, 0)).toBe(200);
    places.add(`${(place % 14) - 7},${Math.floor(place / 14) - 7}`);
    expect(copied.labels[index]).toBe(images.labels[index % 30]);
  }
  // All nine, by this seed; and none further away.
  expect([...places].sort()).toEqual(['-1,-1', '-1,0', '-1,1', '0,-1', '0,0', '0,1', '1,-1', '1,0', '1,1']);
});

it('the seed decides', () => {
  expect(withShiftedCopies(images, 2, 1).pixels).toEqual(withShiftedCopies(images, 2, 1).pixels);
  expect(withShiftedCopies(images, 2, 1).pixels).not.toEqual(withShiftedCopies(images, 2, 2).pixels);
});
