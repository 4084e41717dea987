import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';

import { preparePicture } from '../../src/data/imaging/prepare.js';
import { PicturePool, type PictureLimits } from '../../src/serving/picture-pool.js';
import { bmpFile } from '../support/bmp.js';
import { checkpointDescription } from '../support/checkpoints.js';

/** A dark ring on light paper. */
function ring(side: number): { width: number; height: number; rgba: Uint8Array } {
  const rgba = new Uint8Array(4 * side * side).fill(255);
  for (let index = 0; index < side * side; index++) {
    const distance = Math.hypot((index % side) - side / 2, Math.floor(index / side) - side / 2) / side;
    if (distance > 0.2 && distance < 0.3) rgba.fill(30, 4 * index, 4 * index + 3);
  }
  return { width: side, height: side, rgba };
}

function pngOf({ width, height, rgba }: ReturnType<typeof ring>): Promise<Buffer> {
  return sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

const shape = { height: 28, width: 28, channels: 1 };
const description = { ...checkpointDescription(), shape };

function openPool(limits: Partial<PictureLimits> = {}): PicturePool {
  const pool = new PicturePool({ maxPixels: 2 ** 24, waitMs: 60_000, ...limits });
  onTestFinished(() => {
    pool.close();
  });
  return pool;
}

it('pictures become in other processes what the page makes of them', async () => {
  const pool = openPool();
  for (const side of [28, 300]) {
    const expected = preparePicture(ring(side), shape, 'digit');
    const bytes = await pngOf(ring(side));
    const found = await pool.prepare({ bytes, description, preparation: 'digit' });
    expect(found).toEqual(expected);
    expect(found.blank).toBe(false);
  }
});

it('more pictures than may wait are refused, and those that wait are prepared', async () => {
  const pool = openPool();
  const bytes = await pngOf(ring(200));
  const tasks = Array.from({ length: 120 }, () => pool.prepare({ bytes, description, preparation: 'digit' }));
  const outcomes = await Promise.allSettled(tasks);
  const refused = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(100);
  expect(refused[0]!.reason).toMatchObject({ code: 'OVERLOADED' });
});

it('a picture whose turn does not come in time is refused', async () => {
  const pool = openPool({ waitMs: 1 });
  const bytes = await pngOf(ring(200));
  const tasks = Array.from({ length: 10 }, () => pool.prepare({ bytes, description, preparation: 'digit' }));
  const [first, ...others] = await Promise.allSettled(tasks);
  expect(first!.status).toBe('fulfilled');
  expect(others.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
});

it('pictures of more pixels are refused by their header, in every format', async () => {
  const pool = openPool({ maxPixels: 100 * 100 });
  for (const format of ['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const) {
    const image = sharp(ring(101).rgba, { raw: { width: 101, height: 101, channels: 4 } });
    const task = { bytes: await image.toFormat(format).toBuffer(), description, preparation: 'fit' as const };
    await expect(pool.prepare(task), format).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      message: expect.stringContaining('more than 10000 pixels') as string,
    });
  }
  const bmp = { bytes: bmpFile(101, 101, 1, () => [0, 0, 0]), description, preparation: 'fit' as const };
  await expect(pool.prepare(bmp)).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
});

it('decoding that takes too long is ended, and the next picture is prepared', async () => {
  const slow = openPool({ decodeMs: 1 });
  const bytes = await pngOf(ring(2000));
  const task = { bytes, description, preparation: 'digit' as const };
  await expect(slow.prepare(task)).rejects.toMatchObject({
    code: 'UNPROCESSABLE',
    message: expect.stringContaining('takes longer than') as string,
  });
  await expect(slow.prepare(task)).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  const { blank } = await openPool().prepare(task);
  expect(blank).toBe(false);
});

it('a picture that is damaged or asks for endless passes is refused', async () => {
  const pool = openPool();
  const png = await pngOf(ring(100));
  const jpeg = await sharp(png).jpeg({ progressive: true }).toBuffer();
  const scan = jpeg.subarray(jpeg.indexOf(Buffer.from([0xff, 0xda])), -2);
  const passes = Buffer.concat([jpeg.subarray(0, -2), ...Array<Buffer>(40).fill(scan), jpeg.subarray(-2)]);
  for (const bytes of [png.subarray(0, 60), passes]) {
    const task = { bytes, description, preparation: 'digit' as const };
    await expect(pool.prepare(task)).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  }
});
