import { readdir, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { exists } from '../../core/files.js';
import { findProgram } from '../../core/programs.js';
import { findInstalledMpi, requireOwnLibrary } from './install.js';

/** An MPI library, and how it was found. */
export interface FoundMpi {
  library: string;
  /** Named by an option, the system's (or the cluster's) own, or installed by this package. */
  origin: 'option' | 'system' | 'cache';
  /** The program that starts its ranks, where it is known. */
  mpiexec: string | undefined;
}

/** What to look for. */
export interface LocateMpi {
  /** A library file or a folder that holds one, of `--mpi` or `MNIST_MPI`: if given, the only one searched. */
  named?: string | undefined;
  environment: NodeJS.ProcessEnv;
  /** The file names to accept, in order of preference. */
  names?: readonly string[];
  /** Whether the installed one is preferred to the system's. */
  prefersInstalled?: boolean;
}

/** The libraries with MPICH's ABI or the standard's, and Open MPI's. */
export const MPICH_NAMES = ['libmpi_abi.so.1', 'libmpi.so.12', 'libmpi_intel.so.12', 'libmpi_cray.so.12'];
export const OPEN_MPI_NAMES = ['libmpi.so.40'];
const ALL_NAMES = [...MPICH_NAMES, ...OPEN_MPI_NAMES];

/**
 * Finds an MPI library without installing one: the named one, the system's own (of the loader's path, of the `mpiexec` in PATH, or of the usual
 * folders), or the installed one. Throws MPI_UNUSABLE for a named one that is none, and for one that other users could replace.
 */
export async function findMpi({
  named,
  environment,
  names = ALL_NAMES,
  prefersInstalled = false,
}: LocateMpi): Promise<FoundMpi | undefined> {
  if (named !== undefined) return findNamed(resolve(named), names);
  const ofSystem = (): Promise<FoundMpi | undefined> => findOfSystem(environment, names);
  const installed = async (): Promise<FoundMpi | undefined> => {
    const found = names.includes('libmpi_abi.so.1') ? await findInstalledMpi(environment) : undefined;
    return found && { library: found.library, origin: 'cache', mpiexec: found.mpiexec };
  };
  const [first, second] = prefersInstalled ? [installed, ofSystem] : [ofSystem, installed];
  return (await first()) ?? second();
}

async function findNamed(path: string, names: readonly string[]): Promise<FoundMpi> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ToolkitError('MPI_UNUSABLE', { path, reason: 'there is no such file or folder' });
  const library = found.isFile()
    ? path
    : await firstIn([join(path, 'lib'), join(path, 'lib64'), path], names);
  if (library === undefined) {
    throw new ToolkitError('MPI_UNUSABLE', { path, reason: `it contains none of ${names.join(', ')}` });
  }
  const mpiexec = join(dirname(dirname(library)), 'bin', 'mpiexec');
  return { library, origin: 'option', mpiexec: (await exists(mpiexec)) ? mpiexec : undefined };
}

async function findOfSystem(
  environment: NodeJS.ProcessEnv,
  names: readonly string[],
): Promise<FoundMpi | undefined> {
  const mpiexec = await findProgram('mpiexec', environment);
  const library = await firstIn(await libraryFolders(environment, mpiexec), names);
  if (library === undefined) return undefined;
  const real = await realpath(library);
  await requireOwnLibrary(real);
  return { library: real, origin: 'system', mpiexec };
}

/** Those of LD_LIBRARY_PATH, which clusters' modules set; those beside `mpiexec`; and those of Linux distributions. */
async function libraryFolders(
  environment: NodeJS.ProcessEnv,
  mpiexec: string | undefined,
): Promise<string[]> {
  const set = (environment['LD_LIBRARY_PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  const prefix = mpiexec === undefined ? undefined : dirname(dirname(await realpath(mpiexec)));
  const beside = prefix === undefined ? [] : [join(prefix, 'lib'), join(prefix, 'lib64')];
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const usual = [`/usr/lib/${machine}-linux-gnu`, '/usr/lib64', '/usr/local/lib', '/usr/lib'];
  const nested = usual.flatMap((folder) =>
    ['mpich', 'openmpi'].flatMap((name) => [join(folder, name, 'lib'), join(folder, name)]),
  );
  return [...set, ...beside, ...usual, ...nested];
}

/** The first of some files that a folder holds, the folders in order. */
async function firstIn(folders: readonly string[], names: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const there = new Set(await readdir(folder).catch(() => []));
    const name = names.find((each) => there.has(each));
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}
