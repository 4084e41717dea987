import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { Random } from '../../../src/core/random.js';
import { decodePicture } from '../../../src/data/imaging/decode.js';
import { decodeImage } from '../../../src/data/imaging/importing/decode.js';
import { bmpFile } from '../../support/bmp.js';
import { toolkitError } from '../../support/errors.js';
import { prepareHostile } from '../../support/hostile-pictures.js';

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
  });

  it('reads an uncompressed BMP, as an import does', async () => {
    const file = bmpFile(40, 20, 24, (x) => (x < 20 ? [255, 0, 0] : [0, 0, 255]));
    const { width, height, rgba } = await decodePicture(file, 'x');
    expect([width, height]).toEqual([40, 20]);
    expect([...rgba.subarray(4 * 5, 4 * 6), ...rgba.subarray(4 * 30, 4 * 31)]).toEqual([
      ...[255, 0, 0, 255],
      ...[0, 0, 255, 255],
    ]);
  });

  it('takes the first image of an animation and the first page of several', async () => {
    const frames = sharp([await halves().png().toBuffer(), await halves().negate().png().toBuffer()], {
      join: { animated: true },
    });
    for (const format of ['gif', 'webp', 'tiff'] as const) {
      const picture = await decodePicture(await frames.clone().toFormat(format).toBuffer(), 'x');
      expect(picture, format).toMatchObject({ width: 40, height: 20 });
      expect(picture.rgba[4 * 5]!, format).toBeGreaterThan(200);
    }
  });

  // Printers' inks, with and without a profile that says which; Adobe's programs store them inverted, and say so.
  it.each(['profile', 'none'] as const)(
    'reads a CMYK JPEG in the colours that it shows (%s)',
    async (profile) => {
      const image = halves().toColourspace('cmyk').jpeg({ quality: 95, chromaSubsampling: '4:4:4' });
      const stored = await (profile === 'profile' ? image.withIccProfile('cmyk') : image).toBuffer();
      expect((await sharp(stored).metadata()).space).toBe('cmyk');
      const { rgba } = await decodePicture(stored, 'x');
      const target = {
        width: 40,
        height: 40,
        channels: 3,
        fit: 'pad',
        centre: 'none',
        invert: 'no',
        maxPixels: 1e6,
      } as const;
      const imported = await decodeImage(stored, target);
      const grey = await decodeImage(stored, { ...target, channels: 1 });
      for (const [red, , blue] of [rgba.subarray(4 * (10 * 40 + 5)), imported.subarray(3 * (20 * 40 + 5))]) {
        expect(red).toBeGreaterThan(180);
        expect(blue).toBeLessThan(110);
      }
      for (const [red, , blue] of [
        rgba.subarray(4 * (10 * 40 + 35)),
        imported.subarray(3 * (20 * 40 + 35)),
      ]) {
        expect(blue).toBeGreaterThan(110);
        expect(red).toBeLessThan(110);
      }
      // Red is brighter than blue.
      expect(grey[20 * 40 + 5]!).toBeGreaterThan(grey[20 * 40 + 35]!);
    },
  );

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

  it('never fails in another way, whatever is damaged, in every format and preparation', async () => {
    const { prepared, refused } = await prepareHostile(5, 600);
    expect(prepared + refused).toBe(600);
    expect(Math.min(prepared, refused)).toBeGreaterThan(50);
  });
});
