import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  exists,
  fileSize,
  makeFolder,
  removeTemporaryFiles,
  withFolder,
  writeFileAtomically,
} from '../../src/core/files.js';
import { bundleProgram, startChild } from '../support/child.js';
import { toolkitError } from '../support/errors.js';
import { temporaryFolder } from '../support/folders.js';
import { mount, NO_MOUNT } from '../support/mounts.js';

describe('withFolder', () => {
  it('removes the folders that it made where the action fails, unless something was saved in them', async () => {
    const above = await temporaryFolder();
    const folder = join(above, 'a', 'b');
    await expect(withFolder(folder, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await readdir(above)).toEqual([]);
    const saving = withFolder(folder, async () => {
      await writeFile(join(above, 'a', 'file'), '');
      throw new Error('failed later');
    });
    await expect(saving).rejects.toThrow('failed later');
    expect(await readdir(join(above, 'a'))).toEqual(['file']);
  });

  it('keeps them where it succeeds, and one that was there in any case', async () => {
    const there = await temporaryFolder();
    expect(await withFolder(join(there, 'new'), () => Promise.resolve(7))).toBe(7);
    await expect(withFolder(there, () => Promise.reject(new Error('failed')))).rejects.toThrow();
    expect(await readdir(there)).toEqual(['new']);
  });
});

describe('writeFileAtomically', () => {
  it('writes its parts one after the other, makes the folders, and leaves nothing else', async () => {
    const folder = join(await temporaryFolder(), 'a', 'b');
    await writeFileAtomically(join(folder, 'file'), 'one ', new TextEncoder().encode('two '), 'drei ü');
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('one two drei ü');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('replaces a file, and never shows a half of one to a reader', async () => {
    const path = join(await temporaryFolder(), 'file');
    const contents = ['a', 'b'].map((letter) => letter.repeat(300_000));
    await writeFileAtomically(path, contents[0]!);
    const writing = (async () => {
      for (let round = 0; round < 20; round++) await writeFileAtomically(path, contents[round % 2]!);
    })();
    const seen = new Set<string>();
    const reading = (async () => {
      for (let round = 0; round < 40; round++) seen.add(await readFile(path, 'utf8'));
    })();
    await Promise.all([writing, reading]);
    expect([...seen].every((text) => contents.includes(text))).toBe(true);
  });

  it('is refused where the parent is a file', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'kept');
    const error = await toolkitError('STORAGE_DENIED', writeFileAtomically(join(file, 'below'), 'x'));
    expect(error.message).toContain(file);
    expect(await readFile(file, 'utf8')).toBe('kept');
  });

  it('is refused where the path is a folder, and leaves no temporary file', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'taken', 'inner'), { recursive: true });
    await toolkitError('STORAGE_DENIED', writeFileAtomically(join(folder, 'taken'), 'x'));
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it.skipIf(process.platform !== 'linux')('is refused where the system makes no files', async () => {
    const error = await toolkitError('STORAGE_DENIED', writeFileAtomically('/proc/mnist-train/file', 'x'));
    expect(error.message).toContain('/proc/mnist-train');
  });

  it('is refused on a read-only file system, and leaves the old file', async ({ skip }) => {
    const folder = await temporaryFolder();
    if (!mount(folder, 'size=1m')) skip(NO_MOUNT);
    const path = join(folder, 'file');
    await writeFileAtomically(path, 'old');
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0);
    const error = await toolkitError('STORAGE_DENIED', writeFileAtomically(path, 'new'));
    expect(error.message).toContain('EROFS');
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('names a full disk, leaves the old file, and gives the space back', async ({ skip }) => {
    const folder = await temporaryFolder();
    if (!mount(folder, 'size=64k')) skip(NO_MOUNT);
    const path = join(folder, 'file');
    await writeFileAtomically(path, 'old');
    const error = await toolkitError('STORAGE_FULL', writeFileAtomically(path, new Uint8Array(100_000)));
    expect(error.message).toContain(path);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
    await writeFileAtomically(path, new Uint8Array(40_000));
    expect(await fileSize(path)).toBe(40_000);
  });

  it.skipIf(process.platform === 'win32')('is refused past a limit on the size of files', async () => {
    const folder = await temporaryFolder();
    const program = await bundleProgram(
      `import { writeFileAtomically } from './src/core/files.ts';
       writeFileAtomically(process.argv[2], new Uint8Array(1_000_000)).catch((error) => console.log(error.code));`,
      folder,
    );
    const path = join(folder, 'out', 'file');
    const command = `ulimit -f 16; exec "${process.execPath}" "${program}" "${path}"`;
    const { stdout } = await startChild('sh', ['-c', command]).ended;
    expect(stdout.trim()).toBe('STORAGE_DENIED');
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });
});

describe('makeFolder', () => {
  it('makes folders above, takes those that are there, and may run twice at once', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    await makeFolder(path);
    expect(await exists(path)).toBe(true);
  });

  it('follows links to folders, and refuses those that lead nowhere', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    await symlink(join(folder, 'nothing'), join(folder, 'dangling'));
    await makeFolder(join(folder, 'link', 'inner'));
    expect(await exists(join(folder, 'real', 'inner'))).toBe(true);
    await toolkitError('STORAGE_DENIED', makeFolder(join(folder, 'dangling', 'inner')));
  });

  it('refuses a path that is a file, and a name that is too long', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await toolkitError('STORAGE_DENIED', makeFolder(join(folder, 'file')));
    await toolkitError('STORAGE_DENIED', makeFolder(join(folder, 'x'.repeat(300))));
  });
});

it('removeTemporaryFiles removes what a killed write left, and nothing else', async () => {
  const folder = await temporaryFolder();
  const left = '.last.safetensors.01234567-89ab-cdef-0123-456789abcdef.tmp';
  for (const name of [left, 'last.safetensors', '.hidden', 'notes.tmp'])
    await writeFile(join(folder, name), '');
  await removeTemporaryFiles(folder);
  expect((await readdir(folder)).sort()).toEqual(['.hidden', 'last.safetensors', 'notes.tmp']);
});

it('a write that is killed half-way leaves the old file and a file that removeTemporaryFiles knows', async () => {
  const folder = await temporaryFolder();
  const data = join(folder, 'data');
  await writeFileAtomically(join(data, 'file'), 'old');
  const program = await bundleProgram(
    `import { writeFileAtomically } from './src/core/files.ts';
     const hang = { [Symbol.asyncIterator]: async function* () {
       yield new Uint8Array(1000); process.kill(process.pid, 'SIGKILL'); yield new Uint8Array(1000);
     } };
     await writeFileAtomically(process.argv[2], hang);`,
    folder,
  );
  await startChild(process.execPath, [program, join(data, 'file')]).ended;
  expect(await readFile(join(data, 'file'), 'utf8')).toBe('old');
  expect(await readdir(data)).toHaveLength(2);
  await removeTemporaryFiles(data);
  expect(await readdir(data)).toEqual(['file']);
});

it('fileSize is that of ordinary files alone', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), 'abc');
  expect(await fileSize(join(folder, 'file'))).toBe(3);
  expect(await fileSize(folder)).toBeUndefined();
  expect(await fileSize(join(folder, 'nothing'))).toBeUndefined();
});
