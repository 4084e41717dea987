import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { toolkitError } from '../../../support/errors.js';
import { temporaryFolder } from '../../../support/folders.js';
import { importAndRead } from '../../../support/imported.js';
import { picture } from '../../../support/pictures.js';
import { tar, type TarMember } from '../../../support/tar.js';

async function images(): Promise<TarMember[]> {
  const content = await picture(5);
  return ['set/train/x/1.png', 'set/train/y/2.png', 'set/test/x/3.png'].map((name) => ({ name, content }));
}

describe.each([
  ['images.tar', (archive: Buffer) => archive],
  ['images.tar.gz', gzipSync],
  ['images.tgz', gzipSync],
])('%s', (file, pack) => {
  it('is unpacked; names that lead out of it, links, devices and doubles are listed', async () => {
    const root = await temporaryFolder();
    const content = await picture(5);
    const hostile: TarMember[] = [
      ...['../escaped.png', '/escaped.png', 'a/../../escaped.png', '..\\escaped.png'].map((name) => ({
        name,
        content,
      })),
      { name: 'set/train/x/link.png', type: 'SymbolicLink', linkpath: '/etc/passwd' },
      { name: 'set/train/x/hard.png', type: 'Link', linkpath: '/etc/passwd' },
      { name: 'set/train/x/device.png', type: 'CharacterDevice' },
      { name: 'set/train/x/1.png', content },
    ];
    await writeFile(join(root, file), pack(tar([...(await images()), ...hostile])));
    const {
      train,
      test: tested,
      rejected,
    } = await importAndRead(join(root, file), {
      dataDir: join(root, 'data'),
    });
    expect([train.labels, tested.labels]).toEqual([[0, 1], [0]]);
    const reasons = new Map(rejected.map(({ name, reason }) => [name, reason]));
    expect(reasons.get('../escaped.png')).toMatch(/leads out of the archive/);
    expect(reasons.get('a/../../escaped.png')).toMatch(/leads out of the archive/);
    expect(reasons.get('set/train/x/link.png')).toBe('a link');
    expect(reasons.get('set/train/x/hard.png')).toBe('a link');
    expect(reasons.get('set/train/x/device.png')).toBe('not an ordinary file');
    expect(reasons.get('set/train/x/1.png')).toBe('a second member of this name');
    expect((await readdir(root)).sort()).toEqual(['data', file].sort());
  });
});

it('an archive that claims a multiple of its size is refused before it is unpacked', async () => {
  const root = await temporaryFolder();
  const dataDir = join(root, 'data');
  const bomb = tar([{ name: 'x/1.png', size: 2 ** 33, content: Buffer.alloc(2 ** 20) }]);
  await writeFile(join(root, 'bomb.tar.gz'), gzipSync(bomb));
  const error = await toolkitError('SOURCE_REFUSED', importAndRead(join(root, 'bomb.tar.gz'), { dataDir }));
  expect(error.message).toContain('it unpacks to more than');
});

it('an archive that is cut short or damaged is refused', async () => {
  const root = await temporaryFolder();
  const archive = gzipSync(tar(await images()));
  await writeFile(join(root, 'cut.tar.gz'), archive.subarray(0, archive.length >> 1));
  await writeFile(join(root, 'noise.tar'), Buffer.alloc(2048, 7));
  for (const name of ['cut.tar.gz', 'noise.tar']) {
    await toolkitError('DATA_CORRUPT', importAndRead(join(root, name), { dataDir: join(root, 'data') }));
  }
});
