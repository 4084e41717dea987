import { deflateSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { decodeImage } from '../../../src/data/imaging/importing/decode.js';
import { temporaryFolder } from '../../support/folders.js';
import { bombPng, goodImages, pngClaiming } from '../../support/hostile-images.js';
import { collectHostile } from '../../support/hostile-sources.js';
import { failureOf } from '../../support/errors.js';
import { defaultTarget } from '../../support/pictures.js';

it('hundreds of damaged and hostile inputs end in images, rejections or errors, and stay in the data folder', async () => {
  const root = await temporaryFolder();
  const tally = await collectHostile(root, 1, 400);
  expect(tally.taken).toBeGreaterThan(0);
  expect(tally.rejected).toBeGreaterThan(0);
  expect(Object.keys(tally.refused).sort()).toEqual(
    expect.arrayContaining(['DATA_CORRUPT', 'SOURCE_REFUSED']),
  );
});

describe('decodeImage refuses', () => {
  it.each([
    [{ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, /2147483647×2147483647, more than 16777216 pixels/],
    [{ width: 100_000, height: 1000 }, /100000×1000, more than/],
    [{ width: 0, height: 10 }, /no pixels/],
  ])('a PNG that claims %o, before it is decoded', async ({ width, height }, reason) => {
    const file = pngClaiming(width, height, deflateSync(Buffer.alloc(100)));
    expect(String(await failureOf(decodeImage(file, defaultTarget)))).toMatch(reason);
  });

  it.each([
    ['WebP', 'RIFF....WEBPVP8 '],
    ['AVIF', '....ftypavif'],
  ])('a lossy %s of so many bytes that decoding takes long', async (format, start) => {
    const file = Buffer.alloc(2 ** 23 + 1);
    file.write(start);
    expect(String(await failureOf(decodeImage(file, defaultTarget)))).toContain(
      `more than the 8388608 that ${format}`,
    );
  });

  it('a bomb of 400 million pixels', async () => {
    const bomb = bombPng(20_000);
    expect(bomb.length).toBeLessThan(100_000);
    expect(String(await failureOf(decodeImage(bomb, defaultTarget)))).toMatch(/20000×20000, more than/);
  });

  it('an image cut short, of every format', async () => {
    for (const { content } of await goodImages()) {
      const failure = await failureOf(decodeImage(content.subarray(0, content.length >> 1), defaultTarget));
      expect(String(failure)).toMatch(/cannot be decoded|header is incomplete/);
    }
  });

  it.each([
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'GIF89a',
    'BM..............',
    'II*\0',
    '....ftypavif',
    '',
  ])('what is none of the formats, or only begins as one: %s', async (text) => {
    expect(String(await failureOf(decodeImage(Buffer.from(text), defaultTarget)))).toMatch(
      /not a PNG|an empty file|header is incomplete/,
    );
  });
});
