import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { cifarRecord } from '../../../support/cifar.js';
import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { writeTree } from '../../../support/pictures.js';
import { tar } from '../../../support/tar.js';

type Files = Record<string, Uint8Array | string>;

const NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const COARSE = Array.from({ length: 20 }, (_, index) => `group${index}`);
const FINE = Array.from({ length: 100 }, (_, index) => `kind${String(index).padStart(2, '0')}`);
/** One more in each pixel, so that a row taken for a column shows. */
const RAMP = Uint8Array.from({ length: 1024 }, (_, pixel) => pixel % 251);

/** CIFAR-10 as it is published, with few images: the line after the last name is empty there. */
const ten = (): Files => ({
  'cifar-10-batches-bin/batches.meta.txt': `${NAMES.join('\n')}\n\n`,
  'cifar-10-batches-bin/readme.html': '<html></html>',
  'cifar-10-batches-bin/data_batch_1.bin': Buffer.concat([
    cifarRecord([6], [RAMP, 100, 200]),
    cifarRecord([9], [1, 2, 3]),
  ]),
  'cifar-10-batches-bin/data_batch_2.bin': cifarRecord([0], [4, 5, 6]),
  'cifar-10-batches-bin/data_batch_10.bin': cifarRecord([1], [7, 8, 9]),
  'cifar-10-batches-bin/test_batch.bin': cifarRecord([3], [10, 11, 12]),
});
const hundred = (): Files => ({
  'cifar-100-binary/coarse_label_names.txt': `${COARSE.join('\n')}\n`,
  'cifar-100-binary/fine_label_names.txt': `${FINE.join('\n')}\n`,
  'cifar-100-binary/train.bin': Buffer.concat([
    cifarRecord([11, 19], [1, 2, 3]),
    cifarRecord([15, 29], [4, 5, 6]),
  ]),
  'cifar-100-binary/test.bin': cifarRecord([10, 49], [7, 8, 9]),
});

async function archive(files: Files, name: string): Promise<string> {
  const members = Object.entries(files).map(([member, content]) => ({
    name: member,
    content: Buffer.from(content),
  }));
  const path = join(await temporaryFolder(), name);
  await writeFile(path, gzipSync(tar(members)));
  return path;
}
const folder = async (files: Files): Promise<string> => writeTree(await temporaryFolder(), files);

describe('CIFAR-10', () => {
  it.each([
    ['an archive', () => archive(ten(), 'cifar-10-binary.tar.gz')],
    ['a folder', () => folder(ten())],
  ])('in %s becomes colour images by class, file after file', async (_, place) => {
    const { manifest, dimensions, train, test, sources } = await importAndRead(await place());
    expect(manifest.imported?.format).toBe('cifar');
    expect(manifest.classNames).toEqual(NAMES);
    expect(dimensions).toEqual([4, 32, 32, 3]);
    expect(train.labels).toEqual([6, 9, 0, 1]);
    expect(test.labels).toEqual([3]);
    expect(sources.map(({ file }) => file)).toEqual([
      'data_batch_1.bin[0]',
      'data_batch_1.bin[1]',
      'data_batch_2.bin[0]',
      'data_batch_10.bin[0]',
      'test_batch.bin[0]',
    ]);
    const pixels = Array.from({ length: 1024 }, (_, pixel) => [pixel % 251, 100, 200]).flat();
    expect([...train.pixels.subarray(0, 3072)]).toEqual(pixels);
    expect([...test.pixels.subarray(3069)]).toEqual([10, 11, 12]);
  });

  it('becomes grey, or larger, where options say so', async () => {
    const place = await folder(ten());
    expect((await importAndRead(place, { channels: 1 })).dimensions).toEqual([4, 32, 32]);
    expect((await importAndRead(place, { size: 48 })).dimensions).toEqual([4, 48, 48, 3]);
  });

  it('without names has numbers for classes, and without test images a part of them for the test', async () => {
    const records = Array.from({ length: 10 }, (_, index) => cifarRecord([index % 2], [index, 0, 0]));
    const place = await folder({ 'data_batch_1.bin': Buffer.concat(records) });
    const { manifest, train, test } = await importAndRead(join(place, 'data_batch_1.bin'));
    expect(manifest.classNames).toEqual(['0', '1']);
    expect([train.labels.length, test.labels.length]).toEqual([8, 2]);
    expect((await importAndRead(place)).train).toEqual(train);
  });

  it('does not follow a link that has the name of one of its files', async () => {
    const place = await folder(ten());
    const inside = join(place, 'cifar-10-batches-bin');
    await symlink(join(inside, 'data_batch_1.bin'), join(inside, 'data_batch_3.bin'));
    expect((await importAndRead(place)).train.labels).toEqual([6, 9, 0, 1]);
  });

  it.each<[string, Files, RegExp]>([
    [
      'cut short',
      { 'data_batch_2.bin': cifarRecord([0], [4, 5, 6]).subarray(0, 3000) },
      /3000 bytes, which are no whole records of CIFAR-10 \(3073 bytes\)/,
    ],
    ['empty', { 'data_batch_2.bin': '' }, /0 bytes/],
    [
      'with a label that is none',
      { 'data_batch_2.bin': Buffer.concat([cifarRecord([1], [0, 0, 0]), cifarRecord([10], [0, 0, 0])]) },
      /record 2 has the label 10/,
    ],
    ['with too few names', { 'batches.meta.txt': 'airplane\n' }, /should name 10 classes/],
    ['with a name twice', { 'batches.meta.txt': 'a\n'.repeat(10) }, /should name 10 classes/],
  ])('%s is refused', async (_, files, reason) => {
    const damaged = Object.entries(files).map(([name, content]) => [`cifar-10-batches-bin/${name}`, content]);
    const place = await folder({ ...ten(), ...(Object.fromEntries(damaged) as Files) });
    expect((await toolkitError('DATA_CORRUPT', importAndRead(place))).message).toMatch(reason);
  });

  it('as pickles is refused, and the binary version named', async () => {
    const pickles = Object.fromEntries(
      ['batches.meta', 'data_batch_1', 'test_batch'].map((name) => [
        `cifar-10-batches-py/${name}`,
        '\x80\x02}q',
      ]),
    );
    for (const place of [await folder(pickles), await archive(pickles, 'cifar-10-python.tar.gz')]) {
      const { message, hint } = await toolkitError('SOURCE_REFUSED', importAndRead(place));
      expect(message).toContain('Python version of CIFAR');
      expect(hint).toContain('cifar-10-binary.tar.gz');
    }
  });
});

describe('CIFAR-100', () => {
  it('has its 100 classes, or with --format cifar-coarse its 20 superclasses', async () => {
    const place = await archive(hundred(), 'cifar-100-binary.tar.gz');
    const fine = await importAndRead(place);
    expect(fine.manifest.imported?.format).toBe('cifar');
    expect(fine.manifest.classNames).toEqual(FINE);
    expect([fine.train.labels, fine.test.labels]).toEqual([[19, 29], [49]]);
    expect([...fine.train.pixels.subarray(3072, 3078)]).toEqual([4, 5, 6, 4, 5, 6]);
    const coarse = await importAndRead(place, { format: 'cifar-coarse' });
    expect(coarse.manifest.classNames).toEqual(COARSE);
    expect([coarse.train.labels, coarse.test.labels]).toEqual([[11, 15], [10]]);
    expect(coarse.train.pixels).toEqual(fine.train.pixels);
  });

  it('has superclasses, which CIFAR-10 has not', async () => {
    const failure = importAndRead(await folder(ten()), { format: 'cifar-coarse' });
    expect((await toolkitError('SOURCE_REFUSED', failure)).message).toContain('CIFAR-10 has no superclasses');
  });
});

it('files of other programs with the same names are not taken for CIFAR', async () => {
  const place = await folder({ 'train.bin': Buffer.alloc(3074, 200) });
  expect((await toolkitError('SOURCE_REFUSED', importAndRead(place))).message).toContain(
    'no images by class',
  );
  const asked = importAndRead(await folder({ 'notes.txt': 'none' }), { format: 'cifar' });
  expect((await toolkitError('SOURCE_REFUSED', asked)).message).toContain('none of the files of CIFAR');
});
