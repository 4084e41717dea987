import sharp from 'sharp';
import { expect, it } from 'vitest';

import { ownSamples } from '../../../../src/data/collection/own/own-samples.js';
import type { OwnImage, OwnImages } from '../../../../src/data/collection/own/own-source.js';
import type { ImageOptions, Sample } from '../../../../src/data/collection/sample.js';
import type { Rejection } from '../../../../src/data/rejection.js';
import { toolkitError } from '../../../support/errors.js';

const options: ImageOptions = {
  ...{ size: undefined, channels: undefined, fit: 'pad', centre: 'none', invert: 'no', maxPixels: 10_000 },
  ...{ testShare: 0.2, seed: 1 },
};

const pixels = (value: number, width = 3, height = 2): OwnImage['image'] => ({
  ...{ width, height, channels: 1 },
  data: new Uint8Array(width * height).fill(value),
});

async function all(images: OwnImages): Promise<(Sample | Rejection)[]> {
  const { samples } = await ownSamples('a program', images, options);
  const found: (Sample | Rejection)[] = [];
  for await (const sample of samples) found.push(sample);
  return found;
}

it('takes the size of the first pixels, and fits the others to it', async () => {
  const images = [
    { label: 'a', image: pixels(9) },
    { label: 'b', image: pixels(7, 6, 4), split: 'test', name: 'the other' } as const,
  ];
  const { shape } = await ownSamples('a program', images, options);
  expect(shape).toEqual({ width: 3, height: 2, channels: 1 });
  const [first, second] = (await all(images)) as [Sample, Sample];
  expect([first.name, first.label, first.split]).toEqual(['image 1', 'a', undefined]);
  expect([...(await first.load())]).toEqual([9, 9, 9, 9, 9, 9]);
  expect([second.name, second.split]).toEqual(['the other', 'test']);
  expect([...(await second.load())]).toEqual([7, 7, 7, 7, 7, 7]);
});

it('keeps what a generator overwrites: the images are read later', async () => {
  const data = new Uint8Array(6);
  function* reusing(): Generator<OwnImage> {
    for (let index = 0; index < 60; index++) {
      data.fill(index);
      yield { label: 'a', image: { width: 3, height: 2, channels: 1, data } };
    }
  }
  const found = (await all(reusing())) as Sample[];
  const first = await Promise.all(found.map(async (sample) => (await sample.load())[0]));
  expect(first).toEqual(Array.from({ length: 60 }, (_, index) => index));
});

it('decodes image files, in colour where they are', async () => {
  const file = async (colour: string): Promise<Uint8Array> =>
    sharp({ create: { width: 4, height: 4, channels: 3, background: colour } })
      .png()
      .toBuffer();
  const images = [
    { label: 'red', image: await file('#f00') },
    { label: 'blue', image: await file('#00f') },
  ];
  const { shape, notes } = await ownSamples('a program', images, options);
  expect(shape).toEqual({ width: 28, height: 28, channels: 3 });
  expect(notes).toHaveLength(1);
  const grey = await ownSamples('a program', [{ label: 'grey', image: await file('#777') }], options);
  expect(grey.shape.channels).toBe(1);
});

it.each<[string, unknown, string]>([
  ['no label', { image: pixels(1) }, 'label: '],
  ['a label that is no text', { label: 3, image: pixels(1) }, 'label: '],
  [
    'too few values',
    { label: 'a', image: { width: 9, height: 9, channels: 1, data: new Uint8Array(80) } },
    'image: ',
  ],
  ['an unknown split', { label: 'a', image: pixels(1), split: 'dev' }, 'split: '],
  ['nothing', undefined, ''],
])('rejects an image with %s, and goes on', async (_, bad, place) => {
  const images = [{ label: 'a', image: pixels(1) }, bad as OwnImage, { label: 'b', image: pixels(2) }];
  const found = await all(images);
  expect(found).toHaveLength(3);
  const { name, reason } = found[1] as Rejection;
  expect(name).toBe('image 2');
  expect(reason.startsWith(place)).toBe(true);
});

it.each<[string, unknown, string]>([
  ['none at all', [], 'it gives no images'],
  [
    'only bad ones',
    [{ label: 'a', image: 'photo.png' }],
    'image 1: image: it must be the bytes of an image file',
  ],
  ['no iterable', 3, 'its images are not iterable'],
])('refuses a source of %s', async (_, images, reason) => {
  const { message } = await toolkitError(
    'SOURCE_REFUSED',
    ownSamples('a program', images as OwnImages, options),
  );
  expect(message).toContain(reason);
});

it('ends a generator where the reader stops', async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<OwnImage> {
    try {
      for (;;) yield await Promise.resolve({ label: 'a', image: pixels(1) });
    } finally {
      ended = true;
    }
  }
  const { samples } = await ownSamples('a program', endless(), options);
  let count = 0;
  for await (const sample of samples) {
    if ('load' in sample && ++count === 100) break;
  }
  expect(ended).toBe(true);
});
