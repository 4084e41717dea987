import sharp from 'sharp';
import { expect, it } from 'vitest';

import { contactSheet } from '../../../src/reports/drawing/contact-sheet.js';
import {
  dataAddress,
  mosaic,
  pictureOf,
  shrink,
  type Picture,
} from '../../../src/reports/drawing/picture.js';

const grey = (value: number, side = 2): Picture => ({
  width: side,
  height: side,
  channels: 1,
  data: new Uint8Array(side * side).fill(value),
});

it('images with neither one channel nor three are shown by their first', () => {
  const picture = pictureOf(Uint8Array.of(1, 2, 3, 4), { height: 1, width: 2, channels: 2 });
  expect(picture.channels).toBe(1);
  expect([...picture.data]).toEqual([1, 3]);
});

it('a mosaic holds each picture in its place', () => {
  const { width, height, data } = mosaic([[grey(1), grey(2)], [grey(3)]]);
  expect([width, height]).toEqual([4, 4]);
  expect([...data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 0, 0, 3, 3, 0, 0]);
});

it('shrinking keeps the brightness and the number of channels', async () => {
  const small = await shrink(grey(200, 60), 15);
  expect([small.width, small.height, small.channels]).toEqual([15, 15, 1]);
  expect(new Set(small.data)).toEqual(new Set([200]));
  expect(await shrink(small, 15)).toBe(small);
});

it('a data address is a PNG with the very pixels', async () => {
  const picture: Picture = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 250, 0, 9) };
  const [head, body = ''] = (await dataAddress(picture)).split(',');
  expect(head).toBe('data:image/png;base64');
  const { data, info } = await sharp(Buffer.from(body, 'base64')).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 2, height: 1, channels: 3 });
  expect([...data]).toEqual([...picture.data]);
});

it('a contact sheet has a row for each class, and shows pixels as squares', async () => {
  const half: Picture = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) };
  const png = await contactSheet([
    { name: '<b>&', pictures: [half, half] },
    { name: 'none', pictures: [] },
  ]);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number => data[(y * info.width + x) * info.channels]!;
  // From the right margin: a white half, a black half; below it, nothing but ground.
  expect(at(info.width - 12 - 14, 12 + 28)).toBe(255);
  expect(at(info.width - 12 - 42, 12 + 28)).toBe(0);
  expect(at(info.width - 12 - 14, 12 + 60 + 28)).toBe(0x26);
});
