import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { givenClassNames, withClassNames } from '../../../src/data/collection/class-names.js';
import { collect } from '../../../src/index.js';
import { preprocess } from '../../../src/stages/preprocess/preprocess.js';
import { smallDataset, writeFiles } from '../../support/datasets.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';
import { preprocessFields } from '../../../src/stages/preprocess/preprocess-options.js';

it('IDX files get names for their labels, which go on to the prepared set', async () => {
  const dataDir = await temporaryFolder();
  const from = await writeFiles(await temporaryFolder(), smallDataset());
  const { manifest } = await collect({ dataset: 'mine', dataDir, from, classNames: ['a', 'b', 'c'] });
  expect(manifest.classNames).toEqual(['a', 'b', 'c']);
  const { prepared } = await preprocess(preprocessFields.parse({ dataset: 'mine', dataDir }));
  expect(prepared.classNames).toEqual(['a', 'b', 'c']);
  await collect({ dataset: 'mine', dataDir, from, classNames: ['a', 'b'] });
  await toolkitError('DATA_CORRUPT', preprocess(preprocessFields.parse({ dataset: 'mine', dataDir })));
});

it('names come from a file, one in each line', async () => {
  const path = join(await temporaryFolder(), 'names.txt');
  await writeFile(path, 'blåbær\r\n\npomme d’Adam\nりんご\n');
  expect(await givenClassNames([path])).toEqual(['blåbær', 'pomme d’Adam', 'りんご']);
  await toolkitError('USAGE', givenClassNames(['x', 'x']));
  await toolkitError('USAGE', givenClassNames([' ']));
});

it.each([
  ['UTF-8 with a byte-order mark', Buffer.from('\uFEFFキ\nり\n')],
  ['UTF-16', Buffer.from('\uFEFFキ\r\nり\r\n', 'utf16le')],
  ['UTF-16, the high byte first', Buffer.from('\uFEFFキ\nり\n', 'utf16le').swap16()],
  ['CR as line end', Buffer.from('キ\rり\r')],
])('reads names in %s', async (_, bytes) => {
  const path = join(await temporaryFolder(), 'names.txt');
  await writeFile(path, bytes);
  expect(await givenClassNames([path])).toEqual(['キ', 'り']);
});

it('classes that a source numbers are named by their numbers, whichever there are', () => {
  expect(withClassNames(['0', '2', '10'], Array.from('abcdefghijk'))).toEqual(['a', 'c', 'k']);
  expect(() => withClassNames(['0', '3'], ['a', 'b'])).toThrow(/has a class 3, but only 2 names are given/);
  expect(() => withClassNames(['cat', 'dog'], ['a', 'b'])).toThrow(/already names its classes/);
});

it('a published set keeps its own names', async () => {
  const dataDir = await temporaryFolder();
  await toolkitError('USAGE', collect({ dataset: 'mnist', dataDir, classNames: ['a'] }));
});
