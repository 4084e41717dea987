import { expect, it } from 'vitest';

import { occlusion } from '../../src/page/occlusion.js';

it('occlusion gives each pixel the mean fall over the squares that cover it', async () => {
  const shape = { width: 8, height: 8, channels: 1 };
  const pixels = new Uint8Array(64).fill(10);
  // The evidence is the pixel in the corner: it falls by 10 where that is covered, in one square.
  const heat = await occlusion(pixels, shape, (images, count) =>
    Promise.resolve(Array.from({ length: count }, (_, image) => images[64 * image]!)),
  );
  expect(heat[0]).toBe(10);
  // Of the squares at 0 and 2 in both directions, one of four holds the corner.
  expect(heat[2 * 8 + 2]).toBe(2.5);
  expect(heat[63]).toBe(0);
  expect(pixels.every((pixel) => pixel === 10)).toBe(true);
});
