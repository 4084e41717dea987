import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../../src/core/events.js';
import { collect } from '../../../../src/index.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead, type ReadBack } from '../../../support/imported.js';
import { npyFile } from '../../../support/npy.js';
import { writeTree } from '../../../support/pictures.js';
import { zip } from '../../../support/zip.js';

const SIDE = 3;
const PIXELS = SIDE * SIDE;
const COUNT = 12;
const valueAt = (image: number, at: number): number => 100 + 10 * at + (image % 3);
const labelOf = (image: number): number => image % 3;

/** Writes a number at a place of a buffer. */
type Write = (buffer: Buffer, value: number, at: number) => void;
const WRITERS: Readonly<Record<string, [bytes: number, write: Write]>> = {
  '|u1': [1, (buffer, value, at) => buffer.writeUInt8(value, at)],
  '<u2': [2, (buffer, value, at) => buffer.writeUInt16LE(value, at)],
  '>i4': [4, (buffer, value, at) => buffer.writeInt32BE(value, at)],
  '<i8': [8, (buffer, value, at) => buffer.writeBigInt64LE(BigInt(value), at)],
  '<f2': [2, (buffer, value, at) => buffer.writeUInt16LE(half(value), at)],
  '<f4': [4, (buffer, value, at) => buffer.writeFloatLE(value, at)],
  '>f8': [8, (buffer, value, at) => buffer.writeDoubleBE(value, at)],
};

/** Binary16 of a whole number from 1 to 2048, or of 0. */
function half(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) | ((value / 2 ** exponent - 1) * 1024);
}

function array(type: string, shape: readonly number[], values: readonly number[], order = 'False'): Buffer {
  const [bytes, write] = WRITERS[type]!;
  const data = Buffer.alloc(values.length * bytes);
  values.forEach((value, index) => {
    write(data, value, index * bytes);
  });
  return npyFile(type, shape, data, order);
}

const all = Array.from({ length: COUNT }, (_, image) => image);
const pixels = all.flatMap((image) => Array.from({ length: PIXELS }, (_, at) => valueAt(image, at)));
const images = (type = '|u1'): Buffer => array(type, [COUNT, SIDE, SIDE], pixels);
const labels = (type = '|u1'): Buffer => array(type, [COUNT], all.map(labelOf));

async function archive(arrays: Record<string, Buffer>): Promise<string> {
  const members = Object.entries(arrays).map(([name, content]) => ({ name: `${name}.npy`, content }));
  return `${await writeTree(await temporaryFolder(), { 'set.npz': zip(members) })}/set.npz`;
}

const take = async (arrays: Record<string, Buffer>): Promise<ReadBack> =>
  importAndRead(await archive(arrays));

function expectRight(
  { manifest, dimensions, train, test, rejected }: ReadBack,
  classNames = ['0', '1', '2'],
): void {
  expect(rejected).toEqual([]);
  expect(manifest.classNames).toEqual(classNames);
  expect(dimensions.slice(1)).toEqual([SIDE, SIDE]);
  for (const { pixels: found, labels: given } of [train, test]) {
    given.forEach((label, index) => {
      const expected = Array.from({ length: PIXELS }, (_, at) => valueAt(label, at));
      expect([...found.subarray(index * PIXELS, (index + 1) * PIXELS)]).toEqual(expected);
    });
  }
  expect(train.labels.length + test.labels.length).toBe(COUNT);
}

describe('arrays of numbers', () => {
  it.each(Object.keys(WRITERS))('of the type %s are taken', async (type) => {
    expectRight(await take({ images: images(type), labels: labels(type) }));
  });

  it('in Fortran order are taken, images and one-hot labels', async () => {
    const fortran: number[] = [];
    for (let x = 0; x < SIDE; x++)
      for (let y = 0; y < SIDE; y++) for (const image of all) fortran.push(valueAt(image, y * SIDE + x));
    const hot = [0, 1, 2].flatMap((column) => all.map((image) => (labelOf(image) === column ? 1 : 0)));
    const arrays = {
      images: array('>i4', [COUNT, SIDE, SIDE], fortran, 'True'),
      labels: array('<f4', [COUNT, 3], hot, 'True'),
    };
    expectRight(await take(arrays));
  });

  it('flat, with one channel or with the channels first are taken', async () => {
    for (const shape of [[PIXELS], [SIDE, SIDE, 1], [1, SIDE, SIDE]]) {
      expectRight(await take({ images: array('|u1', [COUNT, ...shape], pixels), labels: labels() }));
    }
    const planar = all.flatMap(() =>
      [0, 1, 2].flatMap((channel) => Array.from({ length: 16 }, (_, at) => 60 * channel + at)),
    );
    const { dimensions, train } = await take({
      images: array('|u1', [COUNT, 3, 4, 4], planar),
      labels: labels(),
    });
    expect(dimensions.slice(1)).toEqual([4, 4, 3]);
    expect([...train.pixels.subarray(0, 6)]).toEqual([0, 60, 120, 1, 61, 121]);
  });

  it.each<[string, string, number, number[]]>([
    ['0 to 16, as in scikit-learn’s digits', '>f8', 16, [0, 32, 64, 96]],
    ['0 to 1', '<f4', 1, [0, 32, 64, 96]],
  ])('%s become 0 to 255', async (_, type, most, expected) => {
    const values = all.flatMap(() => Array.from({ length: PIXELS }, (_unused, at) => (at / 8) * most));
    const { manifest, train } = await take({
      data: array(type, [COUNT, PIXELS], values),
      target: labels('<i8'),
    });
    expect([...train.pixels.subarray(0, 4)]).toEqual(expected);
    expect(manifest.imported?.range).toEqual([0, most]);
  });

  it('of truth are black and white', async () => {
    const data = Buffer.from(all.flatMap(() => [0, 1, 1, 0, 1, 0, 1, 0, 0]));
    const { train } = await take({ images: npyFile('|b1', [COUNT, SIDE, SIDE], data), labels: labels() });
    expect([...train.pixels.subarray(0, 4)]).toEqual([0, 255, 255, 0]);
  });
});

describe('labels', () => {
  it('one-hot are the numbers of their columns', async () => {
    const hot = all.flatMap((image) => [0, 1, 2].map((column) => (labelOf(image) === column ? 1 : 0)));
    expectRight(await take({ x: images(), y: array('<f4', [COUNT, 3], hot) }));
  });

  it('in words are taken, as NumPy’s texts and bytes', async () => {
    const words = ['ant', 'bee', 'crow'];
    const wide = Buffer.concat(
      all.map((image) =>
        Buffer.from(
          words[labelOf(image)]!.padEnd(4, '\0')
            .split('')
            .map((letter) => [letter.charCodeAt(0), 0, 0, 0])
            .flat(),
        ),
      ),
    );
    expectRight(await take({ x: images(), y: npyFile('<U4', [COUNT], wide) }), words);
    const narrow = Buffer.from(all.map((image) => words[labelOf(image)]!.padEnd(4, '\0')).join(''));
    expectRight(await take({ x: images(), y: npyFile('|S4', [COUNT, 1], narrow) }), words);
  });
});

describe('names', () => {
  it.each([
    ['x', 'y'],
    ['X', 'Y'],
    ['data', 'target'],
    ['data', 'labels'],
    ['image', 'label'],
    ['arr_0', 'arr_1'],
    ['X_train', 'y_train'],
    ['trainX', 'trainY'],
    ['train_data', 'train_targets'],
  ])('%s and %s belong together', async (first, second) => {
    expectRight(
      await take({
        [first]: images(),
        [second]: labels(),
        ...(first === 'arr_0' ? {} : { extra: labels() }),
      }),
    );
  });

  it('of splits in many spellings are taken as splits', async () => {
    const one = (value: number): Buffer => array('|u1', [1, 2, 2], [value, 0, 0, 255]);
    const zero = array('|u1', [1], [0]);
    const arrays = {
      X_train: one(1),
      y_train: zero,
      x_val: one(2),
      y_val: zero,
      X_test: one(3),
      y_test: zero,
    };
    const { train, test } = await take(arrays);
    expect([train.pixels[0], train.pixels[4], test.pixels[0]]).toEqual([1, 2, 3]);
  });

  it('a test without labels is named and left out', async () => {
    const from = await archive({ x_train: images(), y_train: labels(), x_test: images() });
    expectRight(await importAndRead(from));
    const events: ToolkitEvent[] = [];
    const context = silentContext({ emit: (event) => events.push(event) });
    await collect({ dataset: 'own', from, dataDir: await temporaryFolder() }, context);
    expect(events).toContainEqual(
      expect.objectContaining({ message: 'x_test has no labels and is left out' }),
    );
  });
});

it('a folder of arrays is taken', async () => {
  expectRight(
    await importAndRead(
      await writeTree(await temporaryFolder(), { 'images.npy': images(), 'labels.npy': labels() }),
    ),
  );
});

it.each<[string, Record<string, Buffer>, string]>([
  [
    'several labels an image',
    { images: images(), labels: npyFile('|u1', [COUNT, 14], Buffer.alloc(14 * COUNT, 1)) },
    'one label only',
  ],
  [
    'volumes',
    { images: npyFile('|u1', [COUNT, 5, 5, 5], Buffer.alloc(125 * COUNT)), labels: labels() },
    'square images',
  ],
  [
    'images last',
    { images: npyFile('|u1', [4, 4, 3, 9], Buffer.alloc(432)), labels: array('|u1', [9], all.slice(0, 9)) },
    'square images',
  ],
  [
    '16 bits',
    {
      images: array(
        '<u2',
        [COUNT, SIDE, SIDE],
        pixels.map((value) => 200 * value),
      ),
      labels: labels(),
    },
    'from 20000 to',
  ],
  [
    'halves',
    {
      images: array(
        '<f4',
        [COUNT, SIDE, SIDE],
        pixels.map((value) => value + 0.5),
      ),
      labels: labels(),
    },
    'whole numbers from 0 to 255',
  ],
  [
    'Python objects',
    { images: images(), labels: npyFile('|O', [COUNT], Buffer.alloc(96)) },
    'it holds Python objects',
  ],
  [
    'complex numbers',
    { images: npyFile('<c8', [COUNT, 1, 1], Buffer.alloc(96)), labels: labels() },
    'of the type <c8',
  ],
  [
    'labels that are measurements',
    {
      images: images(),
      labels: array(
        '<f4',
        [COUNT],
        all.map((image) => image + 0.5),
      ),
    },
    'a label is 0.5',
  ],
  ['images alone', { images: images() }, 'it holds images without labels'],
])('%s are refused, and not called damaged', async (_, arrays, reason) => {
  const error = await toolkitError('SOURCE_REFUSED', take(arrays));
  expect(error.message).toContain(reason);
  expect(`${error.message} ${error.hint}`).not.toContain('damaged');
});
