import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { importAndRead } from '../../support/imported.js';
import { npyFile } from '../../support/npy.js';
import { picture, writeTree } from '../../support/pictures.js';
import { zip } from '../../support/zip.js';

const cases: [name: string, content: Buffer | string, what: string, hint: string][] = [
  ['train.parquet', 'PAR1....', 'a Parquet table', 'read_parquet'],
  ['renamed.csv', 'PAR1....', 'a Parquet table', 'read_parquet'],
  [
    'sheet.xlsx',
    zip([{ name: 'xl/workbook.xml', content: Buffer.from('<x/>') }]),
    'an Excel workbook',
    'CSV UTF-8',
  ],
  ['sheet.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'an Excel workbook', 'CSV UTF-8'],
  [
    'digits.arff',
    '% a comment\n@RELATION digits\n@attribute a numeric\n@data\n1\n',
    'an ARFF table',
    '@data',
  ],
  ['set.h5', Buffer.from('894844460d0a1a0a', 'hex'), 'an HDF5 file', 'h5py'],
  ['train_32x32.mat', 'MATLAB 5.0 MAT-file, Platform', 'a MATLAB file', 'loadmat'],
  ['data_batch_1', Buffer.from('80037d71', 'hex'), 'pickled Python objects', 'if you trust it'],
  ['images.npy', npyFile('|u1', [2, 2, 2], Buffer.alloc(8)), 'one NumPy array', 'labels.npy'],
  ['set.7z', Buffer.from('377abcaf271c', 'hex'), 'a 7-Zip archive', 'unpack it'],
  ['page.csv', '<!DOCTYPE html>\n<html>', 'a web page', 'download'],
];

describe('a format that is not read', () => {
  it.each(cases)('%s is named, with what converts it', async (name, content, what, hint) => {
    const from = await writeTree(await temporaryFolder(), { [name]: content });
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(`${from}/${name}`));
    expect(error.message).toContain(`${name}: it is ${what}`);
    expect(error.hint).toContain(hint);
  });

  it('is named where a folder holds nothing else', async () => {
    const from = await writeTree(await temporaryFolder(), { 'README.md': 'words', 'train.parquet': 'PAR1' });
    const error = await toolkitError('SOURCE_REFUSED', importAndRead(from));
    expect(error.message).toContain('train.parquet: it is a Parquet table');
  });

  it('does not stand in the way of one that is', async () => {
    const content = await picture(200);
    const files = Object.fromEntries(
      ['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'b/3'].map((name) => [`${name}.png`, content]),
    );
    const from = await writeTree(await temporaryFolder(), { ...files, 'notes.json': '{}', 'big.xlsx': 'PK' });
    expect((await importAndRead(from)).manifest.classNames).toEqual(['a', 'b']);
    const gzipped = await writeTree(await temporaryFolder(), {
      't.csv.gz': gzipSync(
        'label,a,b,c,d\n1,0,0,0,255\n1,0,0,0,255\n1,0,0,0,255\n2,0,0,9,0\n2,0,0,9,0\n2,0,0,9,0\n',
      ),
    });
    expect((await importAndRead(`${gzipped}/t.csv.gz`)).manifest.classNames).toEqual(['1', '2']);
  });
});
