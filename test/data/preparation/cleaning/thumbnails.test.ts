import { expect, it } from 'vitest';

import { thumbnails } from '../../../../src/data/preparation/cleaning/thumbnails.js';

it('small grey images are taken as they are', () => {
  const pixels = Uint8Array.of(1, 2, 3, 4);
  const made = thumbnails({ count: 1, shape: { height: 2, width: 2, channels: 1 }, pixels });
  expect(made).toEqual({ count: 1, height: 2, width: 2, pixels });
});

it('channels are averaged', () => {
  const pixels = Uint8Array.of(0, 30, 60, 90, 120, 150);
  const made = thumbnails({ count: 1, shape: { height: 1, width: 2, channels: 3 }, pixels });
  expect([...made.pixels]).toEqual([30, 120]);
});

it('large images become means of cells, also where the last cell is smaller', () => {
  // 65 columns by 1 row: cells of 3, the last of 2.
  const pixels = Uint8Array.from({ length: 65 }, (_, x) => x);
  const made = thumbnails({ count: 1, shape: { height: 1, width: 65, channels: 1 }, pixels });
  expect([made.height, made.width]).toEqual([1, 22]);
  expect([...made.pixels.subarray(0, 2)]).toEqual([1, 4]);
  expect(made.pixels.at(-1)).toBe(Math.round(63.5));
});
