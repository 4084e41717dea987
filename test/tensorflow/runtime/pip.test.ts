import { chmod, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import {
  findPip,
  pipDownload,
  pipHelp,
  type PipDownloadOptions,
} from '../../../src/tensorflow/runtime/pip.js';
import { temporaryFolder } from '../../support/folders.js';
import { fakeVariant, fakeWheel } from '../../support/package-index.js';

/** A folder with a program that stands for another version of pip. */
async function programs(name: string, script: string): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

async function options(program: string, more: Partial<PipDownloadOptions> = {}): Promise<PipDownloadOptions> {
  const { wheel } = fakeWheel();
  return {
    command: [program],
    variant: fakeVariant(),
    wheel,
    folder: await temporaryFolder(),
    environment: process.env,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...more,
  };
}

describe('findPip', () => {
  it('knows pip by its answer', async () => {
    const PATH = await programs('pip', 'echo "pip 24.0 from /somewhere (python 3.11)"');
    expect(await findPip({ PATH })).toEqual({ command: [join(PATH, 'pip')], version: '24.0' });
  });

  it('calls pip through Python where it is no program of its own', async () => {
    const PATH = await programs('python3', 'test "$*" = "-m pip --version" && echo "pip 23.1 from x"');
    expect(await findPip({ PATH })).toEqual({
      command: [join(PATH, 'python3'), '-m', 'pip'],
      version: '23.1',
    });
  });

  it('runs nothing of the current folder', async () => {
    const cwd = await programs('pip', 'echo "pip 66.6 from here"');
    const before = process.cwd();
    process.chdir(cwd);
    onTestFinished(() => {
      process.chdir(before);
    });
    const python = await programs('python3', 'pwd; test -e pip && echo "pip 66.6 from here"');
    for (const PATH of ['', '.', `:${python}`, `${python}:.`, `${python}::`]) {
      expect(await findPip({ PATH })).toBeUndefined();
    }
  });

  it('finds none where the programs fail, are not pip, or are missing', async () => {
    expect(await findPip({ PATH: await programs('pip3', 'exit 1') })).toBeUndefined();
    expect(await findPip({ PATH: await programs('pip', 'echo hello') })).toBeUndefined();
    expect(await findPip({ PATH: await temporaryFolder() })).toBeUndefined();
  });
});

describe('pipHelp', () => {
  it('asks for lines that are not wrapped', async () => {
    const folder = await programs('pip', 'echo "$COLUMNS $*"');
    expect(await pipHelp([join(folder, 'pip')], {})).toBe('1000 download --help\n');
  });
});

describe('pipDownload', () => {
  it('asks for the pinned file alone, whatever Python there is, and cleans up', async () => {
    // Keeps what it was asked: arguments, requirements, and the folder for temporary files.
    const script = `
      for last; do :; done
      echo "$*" > "$last/arguments"
      while [ "$1" != --requirement ]; do shift; done
      cp "$2" "$last/requirements"
      echo "$TMPDIR" > "$last/temporary"`;
    const asked = await options(join(await programs('pip', script), 'pip'));
    await pipDownload(asked);
    const words = (await readFile(join(asked.folder, 'arguments'), 'utf8')).trim().split(' ');
    for (const word of ['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-input']) {
      expect(words).toContain(word);
    }
    expect(words[words.indexOf('--platform') + 1]).toBe('manylinux_2_27_x86_64');
    expect(words[words.indexOf('--python-version') + 1]).toBe('3.11');
    expect(await readFile(join(asked.folder, 'requirements'), 'utf8')).toBe(
      `fake-tensorflow==2.21.0 --hash=sha256:${asked.wheel.sha256}\n`,
    );
    expect((await readFile(join(asked.folder, 'temporary'), 'utf8')).startsWith(asked.folder)).toBe(true);
    expect((await readdir(asked.folder)).sort()).toEqual(['arguments', 'requirements', 'temporary']);
  });

  it('fails with what pip called an error', async () => {
    const script =
      'echo "WARNING: first" >&2; echo "ERROR: No matching distribution" >&2; echo "tail" >&2; exit 1';
    const asked = await options(join(await programs('pip', script), 'pip'));
    await expect(pipDownload(asked)).rejects.toMatchObject({
      code: 'RUNTIME_INSTALL_FAILED',
      message: expect.stringMatching(/pip: No matching distribution$/) as string,
    });
    expect(await readdir(asked.folder)).toEqual([]);
  });

  it('fails with its exit code when it says nothing', async () => {
    const asked = await options(join(await programs('pip', 'exit 7'), 'pip'));
    await expect(pipDownload(asked)).rejects.toThrow('exit code 7');
  });

  it('fails when it cannot be started', async () => {
    await expect(pipDownload(await options('/nowhere/pip'))).rejects.toThrow('ENOENT');
  });

  it('is ended by an abort', async () => {
    const abort = new AbortController();
    const folder = await programs('pip', 'exec sleep 60');
    const running = pipDownload(await options(join(folder, 'pip'), { signal: abort.signal }));
    setTimeout(() => {
      abort.abort(new Error('stopped'));
    }, 50);
    await expect(running).rejects.toThrow('stopped');
  });
});
