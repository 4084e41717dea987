import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { exists } from '../../../src/core/files.js';
import { unpackMembers } from '../../../src/tensorflow/runtime/unpack.js';
import { temporaryFolder } from '../../support/folders.js';
import { zip, type ZipMember } from '../../support/zip.js';

const never = new AbortController().signal;

async function archiveOf(members: ZipMember[]): Promise<{ archive: string; folder: string; root: string }> {
  const root = await temporaryFolder();
  const archive = join(root, 'archive.zip');
  await writeFile(archive, zip(members));
  return { archive, folder: join(root, 'out', 'side'), root };
}

describe('unpackMembers', () => {
  it('unpacks the chosen members to their paths, readable and runnable for all users, and counts their bytes', async () => {
    const { archive, folder } = await archiveOf([
      { name: 'a/b/wanted.so', content: 'library', mode: 0o755 },
      { name: 'a/wanted.txt', content: 'text', mode: 0 },
      { name: 'a/wanted', content: 'tool', mode: 0o744 },
      { name: 'a/other.py', content: 'code' },
      { name: 'wanted/', content: '' },
    ]);
    let bytes = 0;
    await unpackMembers(archive, /wanted/, folder, (written) => (bytes += written), never);
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      'a',
      'a/b',
      'a/b/wanted.so',
      'a/wanted',
      'a/wanted.txt',
    ]);
    expect(await readFile(join(folder, 'a/b/wanted.so'), 'utf8')).toBe('library');
    expect((await stat(join(folder, 'a/b/wanted.so'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(folder, 'a/wanted.txt'))).mode & 0o777).toBe(0o644);
    expect((await stat(join(folder, 'a/wanted'))).mode & 0o777).toBe(0o755);
    expect(bytes).toBe('librarytexttool'.length);
  });

  it('takes no permissions beyond the ordinary ones', async () => {
    const { archive, folder } = await archiveOf([{ name: 'tool', content: 'x', mode: 0o4755 }]);
    await unpackMembers(archive, /tool/, folder, () => undefined, never);
    expect((await stat(join(folder, 'tool'))).mode & 0o7777).toBe(0o755);
  });

  for (const name of ['../escaped', 'a/../../escaped', '/escaped', 'C:/escaped', 'a\\..\\..\\escaped']) {
    it(`refuses a member called ${name}`, async () => {
      const { archive, folder, root } = await archiveOf([{ name, content: 'x' }]);
      await expect(unpackMembers(archive, /escaped/, folder, () => undefined, never)).rejects.toThrow(
        /relative path|absolute path|invalid characters/,
      );
      expect(await exists(join(root, 'escaped'))).toBe(false);
      expect(await exists(join(root, 'out'))).toBe(false);
    });
  }

  it('refuses a damaged member', async () => {
    const { archive, folder } = await archiveOf([{ name: 'a', content: 'some content' }]);
    const bytes = await readFile(archive);
    // Its claimed uncompressed size, in the central directory.
    const directory = bytes.readUInt32LE(bytes.length - 6);
    bytes.writeUInt32LE(5, directory + 24);
    await writeFile(archive, bytes);
    await expect(unpackMembers(archive, /a/, folder, () => undefined, never)).rejects.toThrow(/size/);
  });

  it('ends with the reason of an abort', async () => {
    const { archive, folder } = await archiveOf([{ name: 'a', content: Buffer.alloc(2 ** 22) }]);
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort(new Error('stopped'));
    };
    await expect(unpackMembers(archive, /a/, folder, stop, abort.signal)).rejects.toThrow('stopped');
  });

  it('says where it may not write', async () => {
    const { archive, root } = await archiveOf([{ name: 'a', content: 'x' }]);
    await expect(unpackMembers(archive, /a/, archive, () => undefined, never)).rejects.toMatchObject({
      code: 'STORAGE_DENIED',
    });
    expect(await readdir(root)).toEqual(['archive.zip']);
  });
});
