import { appendFile, chmod, chown, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ToolkitEvent } from '../../../src/core/events.js';
import { findRuntime, variantFolder } from '../../../src/tensorflow/runtime/locate.js';
import { variants } from '../../../src/tensorflow/runtime/variants.js';
import { temporaryFolder } from '../../support/folders.js';
import { emptyVariant, SUFFIX } from '../../support/package-index.js';

const variant = emptyVariant();
const isRoot = process.getuid?.() === 0;

interface Installed {
  environment: NodeJS.ProcessEnv;
  cache: string;
  folder: string;
  library: string;
}

async function installed(): Promise<Installed> {
  const base = await temporaryFolder();
  const environment = { PATH: join(base, 'nowhere'), XDG_CACHE_HOME: base };
  const folder = variantFolder(variant, environment);
  await mkdir(join(folder, 'tensorflow'), { recursive: true });
  for (const name of ['cc', 'framework']) {
    await writeFile(join(folder, 'tensorflow', `libtensorflow_${name}.${SUFFIX}`), '');
  }
  const library = join(folder, 'tensorflow', `libtensorflow_cc.${SUFFIX}`);
  return { environment, cache: join(base, 'mnist-train'), folder, library };
}

/** What is found, and how often files had to be read for it. */
async function find({ environment }: Installed): Promise<{ library: string | undefined; notices: number }> {
  const events: ToolkitEvent[] = [];
  const found = await findRuntime({ variant, environment, emit: (event) => events.push(event) });
  return { library: found?.library, notices: events.length };
}

const refusal = (reason: RegExp): object => ({
  code: 'RUNTIME_UNUSABLE',
  exitCode: 4,
  message: expect.stringMatching(reason) as string,
});

describe('the libraries of the cache', () => {
  it('are read once, and again when they have changed in anything', async () => {
    const there = await installed();
    expect(await find(there)).toEqual({ library: there.library, notices: 1 });
    expect(await find(there)).toEqual({ library: there.library, notices: 0 });
    const memory = join(there.cache, 'verified.json');
    expect((await stat(memory)).mode & 0o777).toBe(0o600);
    await chmod(there.library, 0o600);
    expect((await find(there)).notices).toBe(1);
    await appendFile(there.library, 'x');
    await expect(find(there)).rejects.toMatchObject(refusal(/libtensorflow_cc.* is not the file/));
  });

  it('are refused beside a library that is not pinned, and in a tree with folders that are searched first', async () => {
    const there = await installed();
    const strange = join(there.folder, 'tensorflow', 'librt.so.1');
    await writeFile(strange, '');
    await expect(find(there)).rejects.toMatchObject(refusal(/librt\.so\.1 is not a library of the pinned/));
    await rename(strange, join(there.folder, 'librt'));
    await mkdir(join(there.folder, 'nvidia', 'cudnn', 'lib'), { recursive: true });
    await writeFile(join(there.folder, 'nvidia', 'cudnn', 'lib', 'libcudnn.so.9'), '');
    await expect(find(there)).rejects.toMatchObject(refusal(/libcudnn\.so\.9 is not a library/));
    const other = await installed();
    await mkdir(join(other.folder, '..', '_solib_x86_64'));
    await expect(find(other)).rejects.toMatchObject(refusal(/_solib_x86_64 is not a library/));
  });

  it('are refused where others may write to them or to a folder above, and what is remembered there counts for nothing', async () => {
    const there = await installed();
    await find(there);
    for (const [place, mode, allowed] of [
      [there.library, 0o666, 0o644],
      [join(there.folder, 'tensorflow'), 0o777, 0o755],
      [there.cache, 0o777, 0o755],
    ] as const) {
      await chmod(place, mode);
      await expect(find(there)).rejects.toMatchObject(refusal(/everyone may write to/));
      await chmod(place, allowed);
    }
    await chmod(join(there.cache, 'verified.json'), 0o644);
    expect((await find(there)).notices).toBe(1);
    expect(JSON.parse(await readFile(join(there.cache, 'verified.json'), 'utf8'))).toHaveProperty([
      there.library,
    ]);
  });

  it.skipIf(!isRoot)('are refused where they belong to another user, or to a group of others', async () => {
    const there = await installed();
    await chown(there.library, 12_345, 0);
    await expect(find(there)).rejects.toMatchObject(refusal(/belongs to user 12345/));
    await chown(there.library, 0, 12_345);
    await chmod(there.library, 0o664);
    await expect(find(there)).rejects.toMatchObject(refusal(/group 12345 may write/));
  });
});

it('a folder that is named is loaded unverified, but not where others may write', async () => {
  const { folder, library, environment } = await installed();
  await writeFile(library, 'my own build');
  expect(await findRuntime({ folder, variant, environment })).toMatchObject({ origin: 'option', library });
  await chmod(join(folder, 'tensorflow'), 0o777);
  await expect(findRuntime({ folder, variant, environment })).rejects.toMatchObject(
    refusal(/everyone may write/),
  );
});

/** Python's packages have them, and so have earlier installations: they are verified where they are. */
const NOT_UNPACKED = /lib(nvblas|cufftw|cusolverMg|checkpoint|pcsamplingutil)\.so/;

it('hashes are pinned of every library that is unpacked', () => {
  for (const { wheels } of variants) {
    for (const { libraries, members } of wheels) {
      expect(Object.keys(libraries).length).toBeGreaterThan(0);
      for (const [file, hashes] of Object.entries(libraries)) {
        if (!NOT_UNPACKED.test(file)) expect(file).toMatch(members);
        for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
      }
    }
  }
});
