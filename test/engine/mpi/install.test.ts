import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { silentContext, type ToolkitEvent } from '../../../src/core/events.js';
import { exists } from '../../../src/core/files.js';
import { sha256 } from '../../../src/core/hashing.js';
import { installedMpiFolder, installMpi, removeMpi } from '../../../src/engine/mpi/install.js';
import { MPI_LIBRARY, mpiPackageFor, type MpiPackage } from '../../../src/engine/mpi/wheels.js';
import { installRuntime } from '../../../src/tensorflow/runtime/install.js';
import { temporaryFolder } from '../../support/folders.js';
import { fakeVariant, fakeWheel, servePackageIndex, type FakeWheel } from '../../support/package-index.js';
import { zip } from '../../support/zip.js';

/** A wheel with a file in the place of MPI's library. */
function fakeMpi(): { made: FakeWheel; wanted: MpiPackage } {
  const archive = zip([{ name: MPI_LIBRARY, content: 'mpi', mode: 0o755 }]);
  const wheel = {
    ...{ project: 'mpich', version: '5.0.2', file: 'mpich-5.0.2-py3-none-any.whl' },
    ...{ bytes: archive.length, sha256: sha256(archive) },
    ...{ members: /libmpi_abi/, libraries: { [MPI_LIBRARY]: [sha256('mpi')] } },
  };
  const platform = `${process.platform}-${process.arch}`;
  const wanted: MpiPackage = {
    ...{ version: '5.0.2', platform, wheels: [wheel], pipPlatforms: ['any'], installedBytes: 3 },
  };
  return { made: { wheel, archive }, wanted };
}

/** An empty cache, no pip, and an index. */
async function environmentWith(indexUrl: string): Promise<NodeJS.ProcessEnv> {
  const cache = await temporaryFolder();
  return { PATH: join(cache, 'no-programs'), XDG_CACHE_HOME: cache, PIP_INDEX_URL: indexUrl };
}

describe('installMpi', () => {
  it('waits for the installation of TensorFlow, which clears the downloads of both', async () => {
    const { made, wanted } = fakeMpi();
    const runtime = fakeWheel();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const index = await servePackageIndex([made, runtime], { format: 'json', gate });
    const environment = await environmentWith(index.url);
    const first = new Promise<void>((resolve) => {
      const emit = ({ event }: ToolkitEvent): void => {
        if (event === 'stage') resolve();
      };
      void installRuntime(fakeVariant(runtime), environment, silentContext({ emit }));
    });
    await first;
    const events: ToolkitEvent[] = [];
    const emit = (event: ToolkitEvent): void => {
      events.push(event);
      open();
    };
    const mpi = await installMpi(environment, silentContext({ emit }), wanted);
    expect(events[0]).toMatchObject({
      event: 'notice',
      message: expect.stringContaining('installing') as string,
    });
    expect(await readFile(mpi.library, 'utf8')).toBe('mpi');
    const files = index.requests.map(({ path }) => path).filter((path) => path.startsWith('/files/'));
    expect(files).toEqual([`/files/${runtime.wheel.file}`, `/files/${made.wheel.file}`]);
  });

  it('refuses before it downloads when the disk is too small', async () => {
    const { made, wanted } = fakeMpi();
    const index = await servePackageIndex([made], { format: 'json' });
    const environment = await environmentWith(index.url);
    const install = installMpi(environment, silentContext(), { ...wanted, installedBytes: 1e18 });
    await expect(install).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(index.requests).toEqual([]);
  });
});

it.skipIf(!mpiPackageFor())(
  'a damaged MPI is known by its folder, and removed with what an interruption left',
  async () => {
    const cache = await temporaryFolder();
    const environment = { XDG_CACHE_HOME: cache };
    expect(await installedMpiFolder(environment)).toBeUndefined();
    expect(await removeMpi(environment)).toEqual([]);
    const folder = join(cache, 'mnist-train', 'runtimes', `mpich-${mpiPackageFor()!.version}`);
    for (const each of [folder, `${folder}.unpacking`]) await mkdir(each, { recursive: true });
    expect(await installedMpiFolder(environment)).toBe(folder);
    expect(await removeMpi(environment)).toEqual([folder]);
    expect(await exists(folder)).toBe(false);
    expect(await exists(`${folder}.unpacking`)).toBe(false);
  },
);
