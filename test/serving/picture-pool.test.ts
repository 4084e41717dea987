import { expect, it, onTestFinished } from 'vitest';

import { preparePicture } from '../../src/data/imaging/prepare.js';
import { PicturePool } from '../../src/serving/picture-pool.js';

/** A dark ring on light paper. */
function ring(side: number): { width: number; height: number; rgba: Uint8Array } {
  const rgba = new Uint8Array(4 * side * side).fill(255);
  for (let index = 0; index < side * side; index++) {
    const distance = Math.hypot((index % side) - side / 2, Math.floor(index / side) - side / 2) / side;
    if (distance > 0.2 && distance < 0.3) rgba.fill(30, 4 * index, 4 * index + 3);
  }
  return { width: side, height: side, rgba };
}

const shape = { height: 28, width: 28, channels: 1 };

it('small pictures and large ones, which other threads prepare, become what the page makes of them', async () => {
  const pool = new PicturePool();
  onTestFinished(() => pool.close());
  for (const side of [28, 300]) {
    const expected = preparePicture(ring(side), shape, 'digit');
    const found = await pool.prepare({ picture: ring(side), shape, preparation: 'digit' });
    expect(found).toEqual(expected);
    expect(found.blank).toBe(false);
  }
});

it('more pictures than may wait are refused, and those that wait are prepared', async () => {
  const pool = new PicturePool();
  onTestFinished(() => pool.close());
  const tasks = Array.from({ length: 120 }, () =>
    pool.prepare({ picture: ring(200), shape, preparation: 'digit' }),
  );
  const outcomes = await Promise.allSettled(tasks);
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(100);
  expect(refused[0]!.reason).toMatchObject({ code: 'OVERLOADED' });
});
