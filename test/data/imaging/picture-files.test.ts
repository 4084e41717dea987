import { mkdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { expect, it } from 'vitest';

import { picturesIn } from '../../../src/data/imaging/picture-files.js';
import { temporaryFolder } from '../../support/folders.js';
import { writeTree } from '../../support/pictures.js';

it('finds pictures in a folder and below, in natural order; counts other files; leaves hidden ones out', async () => {
  const names = ['10.png', '2.PNG', '1.jpeg', 'b/4.webp', 'b/30.tiff', 'a.bmp', 'notes.txt', 'b/labels.csv'];
  const hidden = ['.thumb.png', '.cache/1.png'];
  const folder = await writeTree(
    join(await temporaryFolder(), 'scans'),
    Object.fromEntries([...names, ...hidden].map((name) => [name, Buffer.from('x')])),
  );
  const { files, others } = await picturesIn(folder);
  expect(files.map((path) => relative(folder, path))).toEqual([
    ...['1.jpeg', '2.PNG', '10.png', 'a.bmp', 'b/4.webp', 'b/30.tiff'],
  ]);
  expect(others).toBe(2);
});

it('follows links, each folder once', async () => {
  const base = await temporaryFolder();
  const folder = await writeTree(join(base, 'scans'), { '1.png': Buffer.from('x') });
  const linked = await writeTree(join(base, 'elsewhere'), { '2.png': Buffer.from('x') });
  await symlink(linked, join(folder, 'linked'));
  await symlink(folder, join(folder, 'round'));
  await mkdir(join(folder, 'empty'));
  const { files } = await picturesIn(folder);
  expect(files.map((path) => relative(folder, path))).toEqual(['1.png', 'linked/2.png']);
});
