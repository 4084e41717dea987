import { describe, expect, it } from 'vitest';

import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { npyFile } from '../../../support/npy.js';
import { writeTree } from '../../../support/pictures.js';
import { zip } from '../../../support/zip.js';

const labels = (type: string, bytes: number, values: readonly number[]): Buffer => {
  const data = Buffer.alloc(values.length * bytes);
  values.forEach((value, index) =>
    type.startsWith('>')
      ? data.writeIntBE(value, index * bytes, bytes)
      : data.writeIntLE(value, index * bytes, Math.min(6, bytes)),
  );
  return npyFile(type, [values.length, 1], data);
};
const images = (count: number, first: number, sides = [5, 5]): Buffer => {
  const size = sides.reduce((product, side) => product * side, 1);
  return npyFile(
    '|u1',
    [count, ...sides],
    Buffer.from(Array.from({ length: count * size }, (_, index) => (first + index) % 256)),
  );
};
const good = (): Record<string, Buffer> => ({
  train_images: images(4, 0),
  train_labels: labels('|u1', 1, [0, 1, 2, 1]),
  val_images: images(1, 100),
  val_labels: labels('<i8', 8, [2]),
  test_images: images(2, 200),
  test_labels: labels('>i4', 4, [1, 0]),
});
const archive = async (arrays: Record<string, Buffer>): Promise<string> => {
  const content = zip(
    Object.entries(arrays).map(([name, array]) => ({ name: `${name}.npy`, content: array })),
  );
  return `${await writeTree(await temporaryFolder(), { 'set.npz': content })}/set.npz`;
};

describe('a NumPy archive', () => {
  it('as MedMNIST has them is taken as it is; validation comes last in the training', async () => {
    const { manifest, dimensions, train, test, sources } = await importAndRead(await archive(good()));
    expect(dimensions).toEqual([5, 5, 5]);
    expect([train.labels, test.labels]).toEqual([
      [0, 1, 2, 1, 2],
      [1, 0],
    ]);
    expect([...train.pixels.subarray(0, 3), ...train.pixels.subarray(100, 102)]).toEqual([0, 1, 2, 100, 101]);
    expect(manifest.classNames).toEqual(['0', '1', '2']);
    expect(sources[4]).toEqual({ split: 'train', index: 4, file: 'val_images[0]', label: '2' });
    expect(manifest.imported?.images).toEqual({ train: 5, validation: 1, test: 2, rejected: 0 });
    expect(manifest.imported?.file?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('in colours stays so, or becomes grey and larger', async () => {
    const arrays = {
      ...good(),
      train_images: images(4, 0, [5, 5, 3]),
      val_images: images(1, 0, [5, 5, 3]),
      test_images: images(2, 0, [5, 5, 3]),
    };
    expect((await importAndRead(await archive(arrays))).dimensions).toEqual([5, 5, 5, 3]);
    expect((await importAndRead(await archive(arrays), { channels: 1, size: 8 })).dimensions).toEqual([
      5, 8, 8,
    ]);
  });

  it.each<[string, Record<string, Buffer>, string]>([
    ['labels too few', { test_labels: labels('|u1', 1, [1]) }, '1 labels for 2 images'],
    [
      'a length that is not the shape’s',
      { test_images: npyFile('|u1', [2, 5, 5], Buffer.alloc(49)) },
      'but its header says',
    ],
    [
      'a shape past all memory',
      { test_images: npyFile('|u1', [2 ** 40, 28, 28], Buffer.alloc(50)) },
      'its header claims',
    ],
    ['no array', { test_images: Buffer.from('hello, this is no array at all') }, 'not a NumPy array'],
    [
      'code for a header',
      { test_images: npyFile("|u1', 'x': __import__('os'), 'y': '", [2, 5, 5], Buffer.alloc(50)) },
      'not one that NumPy writes',
    ],
  ])('with %s is refused', async (_, arrays, reason) => {
    const error = await toolkitError('DATA_CORRUPT', importAndRead(await archive({ ...good(), ...arrays })));
    expect(error.message).toContain(reason);
  });

  it('with labels but no images, or neither, is refused', async () => {
    const rest = Object.fromEntries(Object.entries(good()).filter(([name]) => name !== 'test_images'));
    expect((await toolkitError('SOURCE_REFUSED', importAndRead(await archive(rest)))).message).toContain(
      'it holds test_labels without images',
    );
    expect(
      (await toolkitError('SOURCE_REFUSED', importAndRead(await archive({ a: images(1, 0) })))).message,
    ).toContain('it holds a');
  });
});
