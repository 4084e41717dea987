import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { isToolkitError, ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists } from '../../core/files.js';
import { sha256OfFile } from '../../core/hashing.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import { installWheels, removeInstallation, withInstallLock } from '../../tensorflow/runtime/installation.js';
import { cacheFolder } from '../../tensorflow/runtime/locate.js';
import { downloadBytes } from '../../tensorflow/runtime/variants.js';
import { VerifiedFiles } from '../../tensorflow/runtime/verified-files.js';
import { MPI_LIBRARY, MPIEXEC, mpiPackageFor, type MpiPackage } from './wheels.js';

/** An MPI that this package installed. */
export interface InstalledMpi {
  version: string;
  folder: string;
  library: string;
  /** The program that starts ranks, on other machines too. */
  mpiexec: string;
}

/** The folder that an MPI is installed in. */
function mpiFolder({ version }: MpiPackage, environment: NodeJS.ProcessEnv): string {
  return join(cacheFolder(environment), 'runtimes', `mpich-${version}`);
}

/**
 * Installs MPICH into the cache, unless it is there: downloads its wheel, verifies the pinned hash, unpacks the libraries and renames the
 * finished folder into place. Throws MPI_MISSING, STORAGE_FULL, STORAGE_DENIED, or the signal's reason.
 */
export async function installMpi(
  environment: NodeJS.ProcessEnv,
  context: StageContext,
  wanted = mpiPackageFor(),
): Promise<InstalledMpi> {
  if (!wanted) {
    throw new ToolkitError('MPI_MISSING', {
      reason: `there is no package for ${process.platform}-${process.arch}`,
      hint: 'install MPICH or Open MPI with the package manager of the system',
    });
  }
  const folder = mpiFolder(wanted, environment);
  return withInstallLock(environment, context, async () => {
    // A damaged one is replaced.
    const installed = await findInstalledMpi(environment, wanted).catch(() => undefined);
    if (installed) return installed;
    const size = `${Math.round(downloadBytes(wanted) / 2 ** 20)} MiB to download`;
    const message = `installing MPICH ${wanted.version} (${size}) into ${cacheFolder(environment)}`;
    await installWheels({ ...wanted, folder, message }, environment, context).catch((error: unknown) => {
      throw asMpiError(error);
    });
    const found = await findInstalledMpi(environment, wanted);
    if (!found) throw new Error(`${folder} is incomplete after its installation`);
    return found;
  });
}

/** What TensorFlow's installation says of its own runtime, as of MPI. */
function asMpiError(error: unknown): unknown {
  if (!isToolkitError(error) || !['RUNTIME_MISSING', 'RUNTIME_INSTALL_FAILED'].includes(error.code)) {
    return error;
  }
  const reason = error.message.replace(
    /^(no TensorFlow runtime|cannot install the TensorFlow runtime): /,
    '',
  );
  const hint = error.hint.replace(
    'set MNIST_TENSORFLOW to a folder with TensorFlow',
    'set MNIST_MPI to an MPI library',
  );
  return new ToolkitError('MPI_MISSING', { reason, hint }, { cause: error });
}

/**
 * The MPI in the cache; undefined if none is installed. Its files must be those that were pinned, and no other user may have write access to
 * them. Throws MPI_UNUSABLE.
 */
export async function findInstalledMpi(
  environment: NodeJS.ProcessEnv,
  wanted = mpiPackageFor(),
): Promise<InstalledMpi | undefined> {
  if (!wanted) return undefined;
  const folder = mpiFolder(wanted, environment);
  const library = join(folder, MPI_LIBRARY);
  if (!(await exists(library))) return undefined;
  const verified = await VerifiedFiles.open(cacheFolder(environment));
  for (const [file, [pinned]] of Object.entries(wanted.wheels[0].libraries)) {
    const path = await realpath(join(folder, file)).catch(() => undefined);
    if (path === undefined) throw unusable(folder, `${file} is missing`);
    await requireOwnLibrary(path);
    const hash = await verified.hashOf(path, () => sha256OfFile(path));
    if (hash !== pinned)
      throw unusable(folder, `${file} is not the file that MPICH published: SHA-256 ${hash}`);
  }
  await verified.save();
  return { version: wanted.version, folder, library, mpiexec: join(folder, MPIEXEC) };
}

/** Throws MPI_UNUSABLE where other users could replace a library. */
export async function requireOwnLibrary(path: string): Promise<void> {
  const writer = await whoElseMayWrite(path);
  if (writer !== undefined) throw unusable(path, `other users could replace it: ${writer}`);
}

/** The folder of the MPI in the cache, damaged or not; undefined if none is installed. */
export async function installedMpiFolder(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const known = mpiPackageFor();
  const folder = known && mpiFolder(known, environment);
  return folder !== undefined && (await exists(folder)) ? folder : undefined;
}

/** Removes the installed MPI. Returns the folders that are gone: one, or none. Throws FOLDER_BUSY. */
export async function removeMpi(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const known = mpiPackageFor();
  if (!known) return [];
  const folder = mpiFolder(known, environment);
  return (await removeInstallation(folder, environment)) ? [folder] : [];
}

function unusable(path: string, reason: string): ToolkitError {
  return new ToolkitError('MPI_UNUSABLE', { path, reason });
}
