import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findMpi, OPEN_MPI_NAMES } from '../../../src/engine/mpi/locate.js';
import { loadMpi } from '../../../src/engine/mpi/library.js';
import { abiOf } from '../../../src/engine/mpi/abi.js';
import { mpiPackageFor, MPI_LIBRARY, MPIEXEC } from '../../../src/engine/mpi/wheels.js';
import { temporaryFolder } from '../../support/folders.js';

/** A folder as clusters have them: a library and `mpiexec`. */
async function prefix(library: string): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'lib'));
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'lib', library), 'no library');
  await writeFile(join(folder, 'bin', 'mpiexec'), '#!/bin/sh\n', { mode: 0o755 });
  return folder;
}

describe('findMpi', () => {
  it('takes a named folder or file, and names what is missing in it', async () => {
    const folder = await prefix('libmpi.so.12');
    const library = join(folder, 'lib', 'libmpi.so.12');
    const found = { library, origin: 'option', mpiexec: join(folder, 'bin', 'mpiexec') };
    expect(await findMpi({ named: folder, environment: {} })).toEqual(found);
    expect(await findMpi({ named: library, environment: {} })).toEqual(found);
    await expect(findMpi({ named: folder, environment: {}, names: OPEN_MPI_NAMES })).rejects.toMatchObject({
      code: 'MPI_UNUSABLE',
      message: expect.stringContaining('it contains none of libmpi.so.40') as string,
    });
    await expect(findMpi({ named: join(folder, 'none'), environment: {} })).rejects.toThrow(
      'there is no such file or folder',
    );
  });

  it("finds the cluster's library by its module's path, or beside its mpiexec", async () => {
    const folder = await prefix('libmpi_abi.so.1');
    const library = join(folder, 'lib', 'libmpi_abi.so.1');
    const cache = { XDG_CACHE_HOME: await temporaryFolder() };
    const byPath = await findMpi({ environment: { ...cache, LD_LIBRARY_PATH: join(folder, 'lib') } });
    expect(byPath).toMatchObject({ library, origin: 'system' });
    const byProgram = await findMpi({ environment: { ...cache, PATH: join(folder, 'bin') } });
    expect(byProgram).toEqual({ library, origin: 'system', mpiexec: join(folder, 'bin', 'mpiexec') });
  });

  it('refuses a library that others could replace', async () => {
    const folder = await prefix('libmpi.so.12');
    await chmod(join(folder, 'lib', 'libmpi.so.12'), 0o666);
    const environment = { LD_LIBRARY_PATH: join(folder, 'lib') };
    await expect(findMpi({ environment })).rejects.toThrow('other users could replace it');
  });
});

describe('loadMpi', () => {
  it('says why a file is no library', async () => {
    const folder = await prefix('libmpi.so.12');
    expect(() => loadMpi(join(folder, 'lib', 'libmpi.so.12'))).toThrow(/not a usable MPI library/);
  });
});

describe('abiOf', () => {
  it('tells the three families apart', () => {
    const none = (): boolean => false;
    expect(abiOf('libmpi_abi.so.1', none).name).toBe('MPI 5 standard ABI');
    expect(abiOf('libmpi.so.12.5.0', none).name).toBe('MPICH ABI');
    expect(abiOf('libmpi.so.40', (symbol) => symbol === 'ompi_mpi_comm_world').name).toBe('Open MPI');
  });
});

describe('the pinned wheels', () => {
  it.each(['linux-x64', 'linux-arm64'])('unpack for %s just what is pinned, and the licences', (platform) => {
    const [{ members, libraries }] = mpiPackageFor(platform)!.wheels;
    expect(Object.keys(libraries)).toContain(MPI_LIBRARY);
    expect(Object.keys(libraries)).toContain(MPIEXEC);
    expect(Object.values(libraries).flat()).toHaveLength(9);
    for (const file of Object.keys(libraries)) expect(file).toMatch(members);
    expect('mpich-5.0.2.dist-info/licenses/LICENSE').toMatch(members);
    for (const file of ['lib/libmpi.so.12', 'bin/mpicc', 'lib/mpich/ucx/libuct_ib.so.0', 'include/mpi.h']) {
      expect(`mpich-5.0.2.data/data/${file}`).not.toMatch(members);
    }
  });
});
