import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../../src/core/events.js';
import { collect } from '../../../../src/index.js';
import { bmpFile } from '../../../support/bmp.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { picture, writeTree } from '../../../support/pictures.js';

type Warning = Extract<ToolkitEvent, { event: 'warning' }>;

async function warningsOf(from: string): Promise<Warning[]> {
  const warnings: Warning[] = [];
  const context = silentContext({ emit: (event) => event.event === 'warning' && warnings.push(event) });
  await collect({ dataset: 'own', from, dataDir: await temporaryFolder() }, context);
  return warnings;
}

/** A bright square on black, so that no image is blank or dark. */
async function square(value = 200): Promise<Buffer> {
  const data = Buffer.alloc(784);
  for (let at = 300; at < 310; at++) data[at] = value;
  return sharp(data, { raw: { width: 28, height: 28, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

async function classesOf(...names: string[]): Promise<Record<string, Buffer>> {
  const content = await square();
  return Object.fromEntries(
    names.flatMap((name) => [1, 2, 3].map((index) => [`${name}/${index}.png`, content])),
  );
}

describe('a class of which nothing can be taken is named', () => {
  it('with the number of its files, and why', async () => {
    const from = await writeTree(await temporaryFolder(), {
      ...(await classesOf('cat', 'fox')),
      'dog/1.heic': 'x',
      'dog/2.heic': 'x',
      'dog/.DS_Store': 'x',
    });
    expect(await warningsOf(from)).toContainEqual({
      event: 'warning',
      code: 'CLASS_LOST',
      message:
        'missing from the data set: class "dog"; all 2 of its files or rows were rejected (dog/1.heic: a HEIC picture: convert it to PNG or JPEG)',
      hint: 'convert or repair these images and collect again; rejected.jsonl lists each with its reason',
    });
  });

  it('also where its folder is empty, its images are damaged, or a table names files that are not there', async () => {
    const files = { ...(await classesOf('cat', 'fox')), 'owl/1.png': 'damaged' };
    const from = await writeTree(await temporaryFolder(), files);
    await mkdir(join(from, 'dog'));
    const [lost] = (await warningsOf(from)).filter(({ code }) => code === 'CLASS_LOST');
    expect(lost!.message).toContain('missing from the data set: classes "dog", "owl"; all 2');
    const rows = [
      'file,label',
      ...['cat', 'fox'].flatMap((name) => [1, 2, 3].map((index) => `${name}/${index}.png,${name}`)),
      'none.png,dog',
    ];
    const table = await writeTree(from, { 'labels.csv': rows.join('\n') });
    const [missing] = (await warningsOf(`${table}/labels.csv`)).filter(({ code }) => code === 'CLASS_LOST');
    expect(missing!.message).toContain('class "dog"');
    expect(missing!.message).toContain('none.png: not found');
  });

  it('and none is where some images are taken', async () => {
    const from = await writeTree(await temporaryFolder(), {
      ...(await classesOf('cat', 'fox')),
      'cat/x.png': 'x',
    });
    expect((await warningsOf(from)).map(({ code }) => code)).toEqual(['IMAGES_REJECTED']);
  });
});

describe('a data set that teaches nothing', () => {
  it('of one class is told so', async () => {
    const [warning] = await warningsOf(await writeTree(await temporaryFolder(), await classesOf('solo')));
    expect(warning).toMatchObject({
      code: 'ONE_CLASS',
      message: expect.stringContaining('only one class, "solo"') as string,
    });
  });

  it('with a class without training images names it', async () => {
    const from = await writeTree(
      await temporaryFolder(),
      await classesOf('train/a', 'train/b', 'test/a', 'test/c'),
    );
    const [warning] = await warningsOf(from);
    expect(warning).toMatchObject({
      code: 'CLASS_WITHOUT_TRAINING_IMAGES',
      message: expect.stringContaining('no training images of class "c"') as string,
    });
  });

  it('of blank or of dark images is told so', async () => {
    const blank = {
      ...(await classesOf('a')),
      ...Object.fromEntries(
        await Promise.all(
          [1, 2, 3, 4].map(async (value) => [`b/${value}.png`, await picture(60 * value)] as const),
        ),
      ),
    };
    expect(
      (await warningsOf(await writeTree(await temporaryFolder(), blank))).map(({ code }) => code),
    ).toEqual(['BLANK_IMAGES']);
    const dark = await square(16);
    const files = Object.fromEntries(Object.keys(await classesOf('a', 'b')).map((name) => [name, dark]));
    const [warning] = await warningsOf(await writeTree(await temporaryFolder(), files));
    expect(warning).toMatchObject({
      code: 'PIXEL_RANGE',
      message: expect.stringContaining('brighter than 16 of 255') as string,
    });
  });
});

describe('links', () => {
  it('to folders of the source are followed, as classes and as splits', async () => {
    const from = await writeTree(await temporaryFolder(), await classesOf('pool/a', 'pool/b', 'test/a'));
    await symlink('pool', join(from, 'train'));
    const { manifest, train, test } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['a', 'b']);
    expect([train.labels.length, test.labels.length]).toEqual([6, 3]);
    const classes = await writeTree(await temporaryFolder(), await classesOf('a', '.real/b'));
    await symlink('.real/b', join(classes, 'b'));
    expect((await importAndRead(classes)).manifest.classNames).toEqual(['a', 'b']);
  });

  it('that lead out are refused by name, and loops end', async () => {
    const outside = await writeTree(await temporaryFolder(), await classesOf('secret'));
    const from = await writeTree(await temporaryFolder(), await classesOf('a', 'b'));
    await symlink(join(outside, 'secret'), join(from, 'secret'));
    await symlink('..', join(from, 'a', 'up'));
    await symlink('.', join(from, 'self'));
    await symlink('../b', join(from, 'a', 'other'));
    await symlink('nowhere', join(from, 'b', 'gone'));
    const { manifest, rejected } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['a', 'b', 'self'].slice(0, 2));
    const reasons = Object.fromEntries(rejected.map(({ name, reason }) => [name, reason]));
    expect(reasons['secret']).toMatch(/^a link that leads out of the folder; copy/);
    expect(reasons['self']).toBe('a link to a folder above it');
    expect(reasons['a/up']).toBe('a link to a folder above it');
    expect(reasons['b/gone']).toBe('a link');
    const [lost] = (await warningsOf(from)).filter(({ code }) => code === 'CLASS_LOST');
    expect(lost!.message).toContain('"secret"');
  });

  it('alone, out of the source, are what the error speaks of', async () => {
    const outside = await writeTree(await temporaryFolder(), await classesOf('a', 'b'));
    const from = await temporaryFolder();
    for (const name of ['a', 'b']) await symlink(join(outside, name), join(from, name));
    expect((await toolkitError('SOURCE_REFUSED', importAndRead(from))).message).toContain(
      'a link that leads out',
    );
  });
});

describe('a test folder without classes', () => {
  it.each([
    ['of loose images', 'test/9.png'],
    ['of one folder for all', 'test/unknown/9.png'],
  ])('%s is named and left out, and the training is divided', async (_, name) => {
    const files = { ...(await classesOf('train/a', 'train/b')), [name]: await square() };
    const from = await writeTree(await temporaryFolder(), files);
    const { manifest, train, test, rejected } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['a', 'b']);
    expect([train.labels.length, test.labels.length]).toEqual([4, 2]);
    expect(rejected.map((each) => each.name)).toEqual([name]);
    expect(await warningsOf(from)).toContainEqual(
      expect.objectContaining({
        code: 'UNLABELLED_LEFT_OUT',
        message: 'test/ has no labels and is left out',
      }),
    );
  });
});

describe('formats', () => {
  const side = 5;
  const shade = (x: number, y: number): number => ((x + y) % 2 === 0 ? 255 : 17 * x);
  const grey = (): Sharp => {
    const data = Buffer.from(
      Array.from({ length: side * side }, (_, at) => shade(at % side, Math.floor(at / side))),
    );
    return sharp(data, { raw: { width: side, height: side, channels: 1 } }).toColourspace('b-w');
  };
  const expected = Array.from({ length: side * side }, (_, at) => shade(at % side, Math.floor(at / side)));
  const bmp = (bits: 4 | 8 | 24 | 32, topDown = false): Buffer =>
    bmpFile(side, side, bits, (x, y) => [shade(x, y), shade(x, y), shade(x, y)], topDown);

  it.each<[string, string, () => Buffer | Promise<Buffer>]>([
    ['GIF', 'gif', () => grey().gif().toBuffer()],
    ['TIFF', 'tif', () => grey().tiff({ compression: 'lzw' }).toBuffer()],
    ['AVIF', 'avif', () => grey().avif({ lossless: true }).toBuffer()],
    ['BMP of 4 bits', 'bmp', () => bmp(4)],
    ['BMP of 8 bits', 'bmp', () => bmp(8)],
    ['BMP of 24 bits', 'bmp', () => bmp(24)],
    ['BMP of 32 bits, top down', 'bmp', () => bmp(32, true)],
  ])('%s is read pixel by pixel', async (_, extension, make) => {
    const content = await make();
    const files = Object.fromEntries(
      ['train/a/1', 'train/b/2', 'test/a/3'].map((name) => [`${name}.${extension}`, content]),
    );
    const { train, rejected } = await importAndRead(await writeTree(await temporaryFolder(), files), {
      size: side,
    });
    expect(rejected).toEqual([]);
    expect([...train.pixels.subarray(0, side * side)]).toEqual(expected);
  });

  it('animations and several pages are refused', async () => {
    const frames = await sharp(Buffer.alloc(2 * 4 * 4 * 3, 9), {
      raw: { width: 4, height: 8, channels: 3, pageHeight: 4 },
    })
      .gif({ keepDuplicateFrames: true })
      .toBuffer();
    const from = await writeTree(await temporaryFolder(), {
      ...(await classesOf('a', 'b')),
      'a/x.gif': frames,
    });
    expect((await importAndRead(from)).rejected).toEqual([
      { name: 'a/x.gif', reason: 'an animation, not a still image' },
    ]);
  });
});
