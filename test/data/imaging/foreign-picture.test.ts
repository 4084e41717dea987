import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { CheckpointDescription } from '../../../src/artifacts/checkpoint.js';
import { decodeImage } from '../../../src/data/imaging/importing/decode.js';
import { Random } from '../../../src/core/random.js';
import { pagePreparationFor, preparationFor } from '../../../src/data/imaging/preparation-for.js';
import { PicturePool } from '../../../src/serving/picture-pool.js';
import { pictureReader } from '../../../src/serving/read-picture.js';
import { imageOf } from '../../../src/data/imaging/foreign-picture.js';
import { toolkitError } from '../../support/errors.js';

type Imported = CheckpointDescription['data']['imported'];

/** What of a checkpoint decides how pictures are made into images for it. */
function described(
  imported: Imported,
  shape = { height: 20, width: 20, channels: 1 },
): CheckpointDescription {
  return { shape, data: { dataset: 'mine', ...(imported && { imported }) } } as CheckpointDescription;
}

/** Dark strokes on light, noisy paper, as a photo of handwriting. */
function photo(): Promise<Buffer> {
  const random = new Random(5, 'photo');
  const [width, height] = [90, 70];
  const data = Buffer.from(
    Array.from({ length: width * height }, (_, pixel) => {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      return (x > 20 && x < 34 && y > 10 && y < 60 ? 20 : 215) + random.integer(30);
    }),
  );
  return sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

describe.each([
  { centre: 'none', invert: 'no' },
  { centre: 'none', invert: 'yes' },
  { centre: 'none', invert: 'auto' },
  { centre: 'mass', invert: 'auto' },
] as const)('a picture for a model of images imported with %o', (imported) => {
  it.each([1, 3] as const)('of %i channels becomes what its import made of it', async (channels) => {
    if (imported.centre === 'mass' && channels === 3) return;
    const file = await photo();
    const description = described(imported, { height: 20, width: 20, channels });
    expect(preparationFor(description)).toBe('import');
    const { pixels, inverted } = await imageOf(file, 'photo.png', description, 'import');
    const target = { width: 20, height: 20, fit: 'pad' as const, channels, maxPixels: 2 ** 24, ...imported };
    expect(Buffer.from(pixels)).toEqual(Buffer.from(await decodeImage(file, target)));
    expect(inverted).toBe(imported.invert !== 'no');
  });

  it('of a size that is no square, cropped, becomes what its import made of it', async () => {
    if (imported.centre === 'mass') return;
    const file = await photo();
    const cropped = { ...imported, fit: 'crop' } as const;
    const description = described(cropped, { height: 20, width: 12, channels: 3 });
    const { pixels } = await imageOf(file, 'photo.png', description, 'import');
    const target = { width: 12, height: 20, channels: 3, maxPixels: 2 ** 24, ...cropped } as const;
    expect(Buffer.from(pixels)).toEqual(Buffer.from(await decodeImage(file, target)));
    expect(pagePreparationFor(description)).toBe('crop');
  });

  it('is made so by the server, too', async () => {
    const file = await photo();
    const pool = new PicturePool({ maxPixels: 2 ** 24, waitMs: 10_000 });
    onTestFinished(() => {
      pool.close();
    });
    const served = await pictureReader(pool)(file, described(imported));
    const { pixels } = await imageOf(file, 'photo.png', described(imported), 'import');
    expect(Buffer.from(served.pixels)).toEqual(Buffer.from(pixels));
    expect(served.notes).toEqual({ preparation: 'import', inverted: imported.invert !== 'no' });
  });
});

it('sets that were images before keep the preparations that suit them', () => {
  expect(preparationFor(described(undefined))).toBe('digit');
  expect(preparationFor(described(undefined, { height: 8, width: 8, channels: 3 }))).toBe('fit');
});

it('the page does what comes closest', () => {
  expect(pagePreparationFor(described({ centre: 'mass', invert: 'auto' }))).toBe('digit');
  expect(pagePreparationFor(described({ centre: 'none', invert: 'no' }))).toBe('fit');
});

it('a picture that an import would not take is refused by name', async () => {
  const description = described({ centre: 'mass', invert: 'auto' });
  const error = await toolkitError(
    'PICTURE_UNREADABLE',
    imageOf(Buffer.from('not a picture'), 'letter.txt', description, 'import'),
  );
  expect(error.message).toMatch(/^letter\.txt: /);
  const white = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  await toolkitError('PICTURE_UNREADABLE', imageOf(white, 'white.png', description, 'import'));
  expect(
    (await imageOf(white, 'white.png', described({ centre: 'none', invert: 'no' }), 'import')).blank,
  ).toBe(true);
});
