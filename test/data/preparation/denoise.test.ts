import { expect, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { Random } from '../../../src/core/random.js';
import { denoiseImages } from '../../../src/data/preparation/denoise.js';
import { median } from '../../../src/data/preparation/denoisers/median.js';
import { nonLocalMeans } from '../../../src/data/preparation/denoisers/non-local-means.js';
import { recordingContext } from '../../support/backends.js';
import { failureOf } from '../../support/errors.js';
import { greyImages } from '../../support/images.js';

it('the median of the neighbourhood, with repeated borders', () => {
  const target = new Uint8Array(9);
  median.denoise(Uint8Array.of(1, 2, 3, 4, 255, 6, 7, 8, 9), target, { height: 3, width: 3, channels: 1 });
  // The middle: 1 2 3 4 6 7 8 9 255, so 6. The corner: 1 1 1 1 2 2 4 4 255, so 2.
  expect(target[4]).toBe(6);
  expect(target[0]).toBe(2);
});

it('the median takes each channel by itself', () => {
  const source = Uint8Array.from({ length: 18 }, (_, place) => (place % 2 === 0 ? 10 : 200));
  const target = new Uint8Array(18);
  median.denoise(source, target, { height: 3, width: 3, channels: 2 });
  expect(target).toEqual(source);
});

it('non-local means leave a constant image as it is, and pixels without their like alone', () => {
  const shape = { height: 5, width: 5, channels: 1 };
  const target = new Uint8Array(25);
  const constant = new Uint8Array(25).fill(77);
  nonLocalMeans.denoise(constant, target, shape);
  expect(target).toEqual(constant);
});

it('non-local means take fine noise away and leave an edge', () => {
  const random = new Random(1, 'noise');
  const side = 20;
  const clean = Float64Array.from({ length: side * side }, (_, place) =>
    place % side < side / 2 ? 60 : 190,
  );
  const noise = random.normalArray(side * side, 8);
  const noisy = Uint8Array.from(clean, (value, place) => Math.round(value + noise[place]!));
  const target = new Uint8Array(side * side);
  nonLocalMeans.denoise(noisy, target, { height: side, width: side, channels: 1 });
  const error = (image: Uint8Array): number =>
    Math.sqrt(image.reduce((sum, pixel, place) => sum + (pixel - clean[place]!) ** 2, 0) / image.length);
  expect(error(noisy)).toBeGreaterThan(7);
  expect(error(target)).toBeLessThan(error(noisy) / 2);
});

it('images are denoised one by one; the given ones stay', async () => {
  const images = greyImages(3, [[0, 0, 0, 0, 255, 0, 0, 0, 0], new Array<number>(9).fill(9)], [1, 2]);
  const before = images.pixels.slice();
  const { events, context } = recordingContext();
  const denoised = await denoiseImages(images, median, context);
  expect([...denoised.pixels]).toEqual([...new Array<number>(9).fill(0), ...new Array<number>(9).fill(9)]);
  expect(denoised.labels).toEqual(images.labels);
  expect(images.pixels).toEqual(before);
  expect(events.at(-1)).toMatchObject({ event: 'progress', done: 2, total: 2 });
});

it('denoising stops when it is aborted', async () => {
  const reason = new Error('interrupted');
  const context = silentContext({ signal: AbortSignal.abort(reason) });
  expect(await failureOf(denoiseImages(greyImages(1, [[1]]), median, context))).toBe(reason);
});
