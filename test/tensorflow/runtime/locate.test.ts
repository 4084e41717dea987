import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { ToolkitEvent } from '../../../src/core/events.js';

import {
  cacheFolder,
  findCached,
  findRuntime,
  variantFolder,
} from '../../../src/tensorflow/runtime/locate.js';
import { temporaryFolder } from '../../support/folders.js';
import { emptyVariant, SUFFIX } from '../../support/package-index.js';

const variant = emptyVariant();
const hasPython = (await findPythonFolder()) !== undefined;

async function findPythonFolder(): Promise<string | undefined> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  return promisify(execFile)('python3', ['--version']).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

async function makeLibraries(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['cc', 'framework']) {
    await writeFile(join(folder, `libtensorflow_${name}.${SUFFIX}`), '');
  }
}

/** A folder of Python packages with a TensorFlow in it. */
async function makePackages(version: string): Promise<string> {
  const packages = await realpath(await temporaryFolder());
  await makeLibraries(join(packages, 'tensorflow'));
  await writeFile(join(packages, 'tensorflow', '__init__.py'), 'raise SystemExit("it was imported")\n');
  await mkdir(join(packages, `tensorflow_cpu-${version}.dist-info`));
  return packages;
}

async function environment(more: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  const cache = await temporaryFolder();
  return { PATH: join(cache, 'nowhere'), XDG_CACHE_HOME: cache, ...more };
}

describe('cacheFolder', () => {
  it('follows XDG_CACHE_HOME, and lies in the home folder without it', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/elsewhere' })).toBe(join('/elsewhere', 'mnist-train'));
    expect(cacheFolder({ XDG_CACHE_HOME: '' }).startsWith(homedir())).toBe(true);
  });
});

describe('findRuntime', () => {
  it('finds nothing where there is nothing', async () => {
    expect(await findRuntime({ variant, environment: await environment() })).toBeUndefined();
  });

  for (const inner of ['', 'tensorflow']) {
    it(`takes a named folder, with the libraries in ${inner || 'it'}, before the cache`, async () => {
      const folder = await temporaryFolder();
      await makeLibraries(join(folder, inner));
      const environmentWithCache = await environment();
      await makeLibraries(join(variantFolder(variant, environmentWithCache), 'tensorflow'));
      const found = await findRuntime({ folder, variant, environment: environmentWithCache });
      expect(found).toEqual({
        origin: 'option',
        variant: 'unknown',
        version: undefined,
        folder,
        library: join(folder, inner, `libtensorflow_cc.${SUFFIX}`),
        framework: join(folder, inner, `libtensorflow_framework.${SUFFIX}`),
      });
    });
  }

  it('looks nowhere else when a named folder holds no TensorFlow', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, `libtensorflow_cc.${SUFFIX}`), '');
    const environmentWithCache = await environment();
    await makeLibraries(join(variantFolder(variant, environmentWithCache), 'tensorflow'));
    await expect(findRuntime({ folder, variant, environment: environmentWithCache })).rejects.toMatchObject({
      code: 'RUNTIME_UNUSABLE',
      exitCode: 4,
      message: expect.stringContaining(folder) as string,
    });
  });

  it('finds in the cache only the variant and version that are wanted', async () => {
    const environmentWithCache = await environment();
    await makeLibraries(join(variantFolder(variant, environmentWithCache), 'tensorflow'));
    expect(await findCached(variant, environmentWithCache)).toMatchObject({
      origin: 'cache',
      variant: 'cpu',
    });
    expect(await findCached({ ...variant, name: 'cuda' }, environmentWithCache)).toBeUndefined();
    expect(await findCached({ ...variant, tensorflow: '2.22.0' }, environmentWithCache)).toBeUndefined();
  });

  describe.skipIf(!hasPython)('with Python', () => {
    const python = (packages: string): NodeJS.ProcessEnv => ({
      PATH: process.env['PATH'],
      PYTHONPATH: packages,
    });

    it('takes the libraries of an installed TensorFlow without importing it', async () => {
      const packages = await makePackages('2.21.0');
      const found = await findRuntime({ variant, environment: await environment(python(packages)) });
      const folder = join(packages, 'tensorflow');
      expect(found).toMatchObject({ origin: 'python', variant: 'cpu', version: '2.21.0', folder });
    });

    it('prefers the cache', async () => {
      const both = await environment(python(await makePackages('2.21.0')));
      await makeLibraries(join(variantFolder(variant, both), 'tensorflow'));
      expect(await findRuntime({ variant, environment: both })).toMatchObject({ origin: 'cache' });
    });

    it('passes over versions of which it knows no hashes, and other libraries, and says so', async () => {
      for (const [version, reason] of [
        ['2.15.1', /its version is 2\.15\.1, but only 2\.21\.0 has pinned hashes/],
        ['2.21.0', /libtensorflow_cc.* is not the file that TensorFlow published/],
      ] as const) {
        const packages = await makePackages(version);
        await writeFile(join(packages, 'tensorflow', `libtensorflow_cc.${SUFFIX}`), 'another');
        const warnings: ToolkitEvent[] = [];
        const emit = (event: ToolkitEvent): void => {
          if (event.event === 'warning') warnings.push(event);
        };
        const where = await environment(python(packages));
        expect(await findRuntime({ variant, environment: where, emit })).toBeUndefined();
        expect(warnings[0]).toMatchObject({ code: 'RUNTIME_UNUSABLE' });
        expect(JSON.stringify(warnings[0])).toMatch(reason);
      }
    });

    it('passes over one without CUDA when a GPU is to compute', async () => {
      const packages = await makePackages('2.21.0');
      const cuda = { ...variant, name: 'cuda' } as const;
      const environmentWithPython = await environment(python(packages));
      expect(await findRuntime({ variant: cuda, environment: environmentWithPython })).toBeUndefined();
      await mkdir(join(packages, 'nvidia', 'cudnn', 'lib'), { recursive: true });
      expect(await findRuntime({ variant: cuda, environment: environmentWithPython })).toMatchObject({
        origin: 'python',
        variant: 'cuda',
      });
    });

    it('takes nothing from the current folder', async () => {
      const before = process.cwd();
      onTestFinished(() => {
        process.chdir(before);
      });
      process.chdir(await makePackages('2.21.0'));
      const found = await findRuntime({
        variant,
        environment: await environment({ PATH: process.env['PATH'] }),
      });
      expect(found?.folder).not.toBe(join(process.cwd(), 'tensorflow'));
    });
  });
});
