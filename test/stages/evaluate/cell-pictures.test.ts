import { expect, it } from 'vitest';

import { silentContext } from '../../../src/core/events.js';
import { cellExamples } from '../../../src/evaluation/cell-examples.js';
import { pictureCells } from '../../../src/stages/evaluate/cell-pictures.js';

const scored = {
  probabilities: Float64Array.of(0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.3, 0.7, 0.45, 0.55, 0.99, 0.01),
  labels: Uint8Array.of(0, 0, 0, 0, 1, 1),
  classes: 2,
};

it('mistakes come first, the most confident one in front; of right predictions, the least confident one', () => {
  expect(
    cellExamples(scored, 1).map(({ label, predicted, count, examples }) => [
      ...[label, predicted, count],
      ...examples.map(({ row }) => row),
    ]),
  ).toEqual([
    [0, 1, 2, 2],
    [1, 0, 1, 5],
    [0, 0, 2, 1],
    [1, 1, 1, 4],
  ]);
});

it('images of all cells stay within 1 MiB, each cell gets one before another gets two, and none if none are wanted', async () => {
  const shape = { height: 64, width: 64, channels: 3 };
  const size = 64 * 64 * 3;
  // Noise, which cannot be compressed: some 16 kB each as text.
  let state = 1;
  const noise = (): number => (state = (state * 48_271) % 2_147_483_647) & 255;
  const count = 120;
  const images = {
    ...{ count, shape, pixels: Uint8Array.from({ length: count * size }, noise) },
    labels: Uint8Array.from({ length: count }, (_, row) => row % 2),
  };
  const one = {
    probabilities: Float64Array.from({ length: 2 * count }, () => 0.5),
    labels: images.labels,
    classes: 2,
  };
  const split = { images, indices: Int32Array.from({ length: count }, (_, row) => row) };
  const cells = await pictureCells(split, one, 100, silentContext());
  const [mistakes, right] = cells.map((cell) => cell.images.length);
  expect(mistakes! - right!).toBeGreaterThanOrEqual(0);
  expect(mistakes! - right!).toBeLessThanOrEqual(1);
  const bytes = cells.flatMap((cell) => cell.images).reduce((sum, { picture }) => sum + picture.length, 0);
  expect(bytes).toBeLessThanOrEqual(2 ** 20);
  expect(bytes).toBeGreaterThan(0.95 * 2 ** 20);
  expect(cells.map((cell) => cell.count)).toEqual([60, 60]);
  expect(await pictureCells(split, one, 0, silentContext())).toEqual([]);
});
