import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import type { CollectOptions } from '../../../../src/stages/collect/collect.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { picture, writeTree } from '../../../support/pictures.js';

describe('a folder with train and test', () => {
  it('becomes both splits, with classes by their names, pixel by pixel', async () => {
    const from = await writeTree(await temporaryFolder(), {
      'train/dog/b.png': await picture(20),
      'train/cat/a.png': await picture(10),
      'train/cat/deep/c.png': await picture(30),
      'test/dog/d.png': await picture(40),
      'validation/cat/e.png': await picture(50),
    });
    const { manifest, dimensions, train, test, sources, rejected } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['cat', 'dog']);
    expect(dimensions).toEqual([4, 28, 28]);
    expect(train.labels).toEqual([0, 0, 1, 0]);
    expect([0, 1, 2, 3].map((index) => train.pixels[index * 784 + 5])).toEqual([10, 30, 20, 50]);
    expect(test.labels).toEqual([1]);
    expect(test.pixels.every((value) => value === 40)).toBe(true);
    expect(sources).toContainEqual({ split: 'train', index: 1, file: 'train/cat/deep/c.png', label: 'cat' });
    expect(rejected).toEqual([]);
    expect(manifest.imported).toMatchObject({
      format: 'folder',
      size: 28,
      channels: 1,
      images: { train: 4, validation: 1, test: 1 },
    });
  });
});

describe('a folder of classes alone', () => {
  const tree = async (): Promise<Record<string, Buffer>> => {
    const files: Record<string, Buffer> = {};
    for (const digit of [2, 9, 10]) {
      for (let index = 0; index < 10; index++) files[`${digit}/${index}.png`] = await picture(digit, index);
    }
    return files;
  };

  it('is split by class, the same for the same seed, and numbers are in their order', async () => {
    const from = await writeTree(await temporaryFolder(), await tree());
    const [one, two, other] = [
      await importAndRead(from, { testShare: 0.3 }),
      await importAndRead(from, { testShare: 0.3 }),
      await importAndRead(from, { testShare: 0.3, seed: 2 }),
    ];
    expect(one.manifest.classNames).toEqual(['2', '9', '10']);
    for (const label of [0, 1, 2]) {
      expect(one.test.labels.filter((found) => found === label)).toHaveLength(3);
      expect(one.train.labels.filter((found) => found === label)).toHaveLength(7);
    }
    expect(two.manifest.files).toEqual(one.manifest.files);
    expect(other.manifest.files).not.toEqual(one.manifest.files);
    // Every image is in one of the splits, with its own label.
    for (const { split, index, file, label } of one.sources as {
      split: 'train' | 'test';
      index: number;
      file: string;
      label: string;
    }[]) {
      const { pixels, labels } = one[split];
      expect([pixels[index * 784], pixels[index * 784 + 1]]).toEqual([
        Number(/(\d+)\.png/.exec(file)![1]),
        Number(label),
      ]);
      expect(one.manifest.classNames[labels[index]!]).toBe(label);
    }
    expect(new Set(one.sources.map(({ file }) => file)).size).toBe(30);
  });

  it('in a folder of its own is found there', async () => {
    const files = Object.entries(await tree()).map(([name, content]) => [`outer/${name}`, content] as const);
    const from = await writeTree(await temporaryFolder(), Object.fromEntries(files));
    expect((await importAndRead(from)).manifest.classNames).toEqual(['2', '9', '10']);
  });
});

it('what is no image of the folder is listed with its reason, and costs nothing else', async () => {
  const outside = await writeTree(await temporaryFolder(), { 'secret.png': await picture(99) });
  const good = await picture(7);
  const from = await writeTree(await temporaryFolder(), {
    'a/1.png': good,
    'a/2.png': await picture(8),
    'a/cut.png': good.subarray(0, 50),
    'a/text.png': 'not an image',
    'a/notes.txt': 'x',
    'a/.hidden.png': good,
    'loose.png': good,
    'bad\u202ename/1.png': good,
    '数字/1.png': good,
    '数字/2.png': await picture(9),
  });
  await symlink(join(outside, 'secret.png'), join(from, 'a/link.png'));
  await symlink('1.png', join(from, 'a/inner.png'));
  await symlink(outside, join(from, 'a/folder.png'));
  const { manifest, sources, rejected } = await importAndRead(from);
  expect(manifest.classNames).toEqual(['a', '数字']);
  expect(sources.map(({ file }) => file).sort()).toEqual([
    'a/1.png',
    'a/2.png',
    'a/inner.png',
    '数字/1.png',
    '数字/2.png',
  ]);
  const reasons = Object.fromEntries(rejected.map(({ name, reason }) => [name, reason]));
  expect(reasons).toEqual({
    'a/.hidden.png': 'a hidden file',
    'a/cut.png': expect.stringMatching(/cannot be decoded|incomplete/) as string,
    'a/folder.png': 'a link that leads out of the folder',
    'a/link.png': 'a link that leads out of the folder',
    'a/notes.txt': 'not an image by its name',
    'a/text.png': 'not a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF image: it starts with 6e 6f 74 20',
    'bad\u202ename/1.png': 'a label with unprintable characters',
    'loose.png': 'outside the folders of the classes',
  });
  expect(manifest.imported?.images.rejected).toBe(8);
});

it('PNG, JPEG and WebP of any size and colour are made square and grey, or what is asked for', async () => {
  const image = (width: number, height: number): Sharp =>
    sharp({ create: { width, height, channels: 3, background: '#00ff00' } });
  const from = await writeTree(await temporaryFolder(), {
    'train/a/1.jpg': await image(100, 50).jpeg({ quality: 100 }).toBuffer(),
    'train/a/2.webp': await image(9, 9).webp({ lossless: true }).toBuffer(),
    'test/a/3.png': await image(300, 400).png().toBuffer(),
  });
  const grey = await importAndRead(from, { channels: 1 });
  expect(grey.dimensions).toEqual([2, 28, 28]);
  // The luminance of pure green by ITU-R BT.709, as sRGB: 0.7152 in linear light.
  expect(new Set(grey.test.pixels)).toEqual(new Set([220]));
  const colour = await importAndRead(from, { size: 12, channels: 3 });
  expect(colour.dimensions).toEqual([2, 12, 12, 3]);
  expect([...colour.test.pixels.subarray(0, 3)]).toEqual([0, 255, 0]);
});

it('colour stays where the images have it, and drawings are grey', async () => {
  const image = (background: string): Promise<Buffer> =>
    sharp({ create: { width: 30, height: 20, channels: 3, background } })
      .png()
      .toBuffer();
  const photos = await writeTree(await temporaryFolder(), {
    'train/a/1.png': await image('#804020'),
    'train/a/2.png': await image('#808080'),
    'test/a/3.png': await image('#204080'),
    'test/a/4.png': 'damaged',
    'labels.csv': 'file,label\ntrain/a/1.png,a\ntest/a/3.png,a\n',
  });
  const dimensions = async (options: Partial<CollectOptions> = {}): Promise<readonly number[]> =>
    (await importAndRead(photos, { format: 'folder', ...options })).dimensions;
  expect(await dimensions()).toEqual([2, 28, 28, 3]);
  expect(await dimensions({ channels: 1 })).toEqual([2, 28, 28]);
  expect(await dimensions({ invert: 'auto' })).toEqual([2, 28, 28]);
  const table = await importAndRead(join(photos, 'labels.csv'), { testShare: 0.5 });
  expect(table.dimensions).toEqual([1, 28, 28, 3]);
  const grey = await writeTree(await temporaryFolder(), {
    'train/a/1.png': await image('#101412'),
    'test/a/2.png': await image('#fffdf4'),
  });
  expect((await importAndRead(grey)).dimensions).toEqual([1, 28, 28]);
});

it('a size need not be a square; the manifest says how images were made to fit', async () => {
  const image = sharp({ create: { width: 40, height: 20, channels: 3, background: '#c02040' } });
  const from = await writeTree(await temporaryFolder(), {
    'train/a/1.png': await image.png().toBuffer(),
    'test/a/2.png': await image.png().toBuffer(),
  });
  const { dimensions, manifest } = await importAndRead(from, { size: '12x16', fit: 'crop' });
  expect(dimensions).toEqual([1, 16, 12, 3]);
  expect(manifest.imported).toMatchObject({ size: 12, height: 16, channels: 3, fit: 'crop' });
  const { manifest: padded } = await importAndRead(from, { size: 12 });
  expect(padded.imported).not.toHaveProperty('height');
  expect(padded.imported).not.toHaveProperty('fit');
  const failure = importAndRead(from, { centre: 'mass', fit: 'crop' });
  expect((await toolkitError('USAGE', failure)).message).toContain('--fit crop would have no effect');
});

it.each(['3', '64x', 'x64', '64x3', '1025x64', '64×48', '64x48x3'])('%s is no size', async (size) => {
  const failure = importAndRead(await temporaryFolder(), { size });
  expect((await toolkitError('OPTION_INVALID', failure)).message).toContain('64x48');
});

it('a folder with nothing of use is refused, with the first reason, and leaves nothing', async () => {
  const from = await writeTree(await temporaryFolder(), { 'a/1.png': 'x', 'a/2.png': 'y' });
  const error = await toolkitError('SOURCE_REFUSED', importAndRead(from));
  expect(error.message).toContain('no image could be taken; a/1.png: not a PNG');
});

it('a name of several lines does not make an error of several', async () => {
  const from = await writeTree(await temporaryFolder(), { 'a/1\n\u202e.png': 'x' });
  const error = await toolkitError('SOURCE_REFUSED', importAndRead(from));
  expect(error.message).toContain('a/1??.png: not a PNG');
});

it('more than 256 classes are refused', async () => {
  const content = await picture(1);
  const names = Array.from({ length: 257 }, (_, index) => [`c${index}/1.png`, content] as const);
  const from = await writeTree(await temporaryFolder(), Object.fromEntries(names));
  expect((await toolkitError('SOURCE_REFUSED', importAndRead(from))).message).toContain(
    'more than 256 classes',
  );
});

it('the folder of one class is refused, and the one above it suggested', async () => {
  const above = await writeTree(await temporaryFolder(), { 'cat/1.png': await picture(1) });
  const error = await toolkitError('SOURCE_REFUSED', importAndRead(`${above}/cat`));
  expect(error.hint).toBe(`expected FOLDER/CLASS/image.png; did you mean --from ${above}?`);
});
