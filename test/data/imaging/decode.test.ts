import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { decodePicture } from '../../../src/data/imaging/decode.js';
import { toolkitError } from '../../support/errors.js';

/** Left half red, right half blue. */
function halves(width = 40, height = 20): Sharp {
  const raw = Buffer.alloc(3 * width * height);
  for (let index = 0; index < width * height; index++) {
    raw.set(index % width < width / 2 ? [255, 0, 0] : [0, 0, 255], 3 * index);
  }
  return sharp(raw, { raw: { width, height, channels: 3 } });
}

describe('decodePicture', () => {
  it.each(['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const)('reads %s', async (format) => {
    const { width, height, rgba } = await decodePicture(await halves().toFormat(format).toBuffer(), 'x');
    expect([width, height, rgba.length]).toEqual([40, 20, 3200]);
    const [red, green, blue, opacity] = rgba.subarray(4 * (10 * 40 + 5));
    expect(red).toBeGreaterThan(220);
    expect(green! + blue!).toBeLessThan(60);
    expect(opacity).toBe(255);
  });

  it('reads grey, 16-bit and CMYK pictures as colours of a screen', async () => {
    const grey = sharp(Buffer.from([0, 100, 200, 255]), { raw: { width: 4, height: 1, channels: 1 } });
    const small = await decodePicture(await grey.clone().png().toBuffer(), 'x');
    expect([...small.rgba.subarray(4, 8)]).toEqual([100, 100, 100, 255]);
    const deep = await grey.clone().toColourspace('grey16').png().toBuffer();
    expect([...(await decodePicture(deep, 'x')).rgba.subarray(8, 12)]).toEqual([200, 200, 200, 255]);
    const printed = await halves().toColourspace('cmyk').jpeg().toBuffer();
    expect((await decodePicture(printed, 'x')).rgba).toHaveLength(3200);
  });

  it('turns a picture upright as its camera says, and shrinks a large one', async () => {
    const turned = await halves().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decodePicture(turned, 'x')).toMatchObject({ width: 20, height: 40 });
    const large = await halves(3000, 1500).png().toBuffer();
    expect(await decodePicture(large, 'x')).toMatchObject({ width: 512, height: 256 });
  });

  it('refuses what is no picture, is damaged, or claims to be huge, naming it', async () => {
    const png = await halves().png().toBuffer();
    const noise = Buffer.from(new Random(1, 'noise').normalArray(500, 1).buffer);
    const huge = Buffer.from(png);
    huge.writeUInt32BE(2 ** 30, 16);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    for (const bytes of [
      Buffer.alloc(0),
      noise,
      svg,
      png.subarray(0, 60),
      huge,
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ]) {
      const { message, exitCode } = await toolkitError(
        'PICTURE_UNREADABLE',
        decodePicture(bytes, 'seven.png'),
      );
      expect(message).toMatch(/^seven\.png: [^\n]+[^:\s]$/);
      expect(exitCode).toBe(3);
    }
  });

  it('never fails in another way, whatever bytes are changed', async () => {
    const random = new Random(5, 'bytes');
    for (const format of ['png', 'jpeg', 'gif', 'webp'] as const) {
      const whole = await halves().toFormat(format).toBuffer();
      for (let round = 0; round < 25; round++) {
        const damaged = Buffer.from(whole);
        for (let change = 0; change < 4; change++)
          damaged[random.integer(damaged.length)] = random.integer(256);
        const outcome = await decodePicture(damaged, 'x').then(
          ({ rgba, width, height }) => rgba.length === 4 * width * height,
          (error: unknown) => (error as { code: string }).code === 'PICTURE_UNREADABLE',
        );
        expect(outcome).toBe(true);
      }
    }
  });
});
