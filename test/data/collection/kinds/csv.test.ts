import { describe, expect, it } from 'vitest';

import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { picture, writeTree } from '../../../support/pictures.js';

describe('a table of file names', () => {
  it('is taken with its labels and splits; bad rows are listed', async () => {
    const from = await writeTree(await temporaryFolder(), {
      'images/a, b.png': await picture(1),
      'images/c.png': await picture(2),
      'images/d.png': await picture(3),
      'labels.csv': [
        '\ufefffile_name;class;split',
        '"images/a, b.png";"say ""A""";train',
        'images/c.png;b;test',
        'images/d.png;b;training',
        '../outside.png;b;train',
        '/etc/passwd;b;train',
        'images/none.png;b;train',
        'images/d.png;;train',
        'images/d.png;b;sometime',
        'images/d.png',
        '',
      ].join('\r\n'),
    });
    const { manifest, train, test, rejected } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['b', 'say "A"']);
    expect([train.labels, test.labels]).toEqual([[1, 0], [0]]);
    expect([train.pixels[5], train.pixels[784 + 5], test.pixels[5]]).toEqual([1, 3, 2]);
    expect(rejected).toEqual([
      { name: '../outside.png', reason: 'a path with ".."' },
      { name: '/etc/passwd', reason: 'an absolute path' },
      { name: 'images/none.png', reason: 'not found' },
      { name: 'images/d.png', reason: 'no label' },
      { name: 'labels.csv:9', reason: 'the split "sometime" is neither train, validation nor test' },
      { name: 'labels.csv:10', reason: '1 fields, but the table has 3 columns' },
    ]);
  });
});

describe('a table of pixels', () => {
  const row = (label: number | string, first: number | string): string =>
    [label, first, 2, 3, 4, 5, 6, 7, 8, 255].join(',');

  it('with named columns is taken as it is, and split', async () => {
    const header = ['label', ...Array.from({ length: 9 }, (_, index) => `pixel${index}`)].join(',');
    const rows = Array.from({ length: 10 }, (_, index) => row(index % 2, index));
    const table = [header, ...rows, row(1, 256), row(1, 'x'), row('', 1)].join('\n');
    const from = await writeTree(await temporaryFolder(), { 'digits.csv': table });
    const { dimensions, train, test, rejected } = await importAndRead(`${from}/digits.csv`);
    expect(dimensions).toEqual([8, 3, 3]);
    expect(test.labels.sort()).toEqual([0, 1]);
    expect([...train.pixels.subarray(1, 9)]).toEqual([2, 3, 4, 5, 6, 7, 8, 255]);
    expect(rejected.map(({ name }) => name)).toEqual(['digits.csv:12', 'digits.csv:13', 'digits.csv:14']);
    expect(rejected[0]?.reason).toBe('pixel 1 is "256", not a whole number from 0 to 255');
  });

  it('without names, one for each split, as MNIST is passed around', async () => {
    const from = await writeTree(await temporaryFolder(), {
      'mnist_train.csv': [row(5, 1), row(7, 9)].join('\n'),
      'mnist_test.csv': row(7, 3),
    });
    const { manifest, train, test } = await importAndRead(from);
    expect(manifest.classNames).toEqual(['5', '7']);
    expect([train.labels, test.labels]).toEqual([[0, 1], [1]]);
    expect(test.pixels[0]).toBe(3);
  });
});

it.each([
  ['a,b,c\n1,2,3\n', 'SOURCE_REFUSED', 'no column of it is called "label"'],
  ['label,a,b,c,d,e\n1,2,3,4,5,6\n', 'SOURCE_REFUSED', '5 columns'],
  [
    'file,label\n"a.png,1\n',
    'DATA_CORRUPT',
    'the record after line 1 has a quotation mark that is never closed',
  ],
  ['', 'DATA_CORRUPT', 'empty'],
  ['file,label\n', 'SOURCE_REFUSED', 'it holds no images'],
  [`file,label\n${'x'.repeat(5_000_000)}`, 'DATA_CORRUPT', 'not a table'],
  // Going through the record again at each of its lines would take hours.
  [`file,label\n"${'""\n'.repeat(200_000)}`, 'DATA_CORRUPT', 'is never closed'],
] as const)('a table that is none is refused: %#', async (text, code, reason) => {
  const from = await writeTree(await temporaryFolder(), { 't.csv': text });
  expect((await toolkitError(code, importAndRead(`${from}/t.csv`))).message).toContain(reason);
});
