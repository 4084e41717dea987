import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { sha256OfFile } from '../../core/hashing.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import type { Runtime } from './found-runtime.js';
import type { RuntimeVariant } from './variants.js';
import { VerifiedFiles } from './verified-files.js';

/** The hashes that each library may have, by its path among the packages. */
type Pinned = ReadonlyMap<string, readonly string[]>;

export interface VerifyOptions {
  /** The runtimes of which the libraries may be. */
  variants: readonly RuntimeVariant[];
  /** The folder in which it is remembered what has been verified. */
  memory: string;
  /** Called before files are read that are not remembered; takes seconds. */
  onSlow?: (() => void) | undefined;
}

const LIBRARY = /\.(so|dylib)(\.|$)/;

/**
 * The same runtime with the true paths of its libraries, once nobody but this user and the administrator may write to them. Throws
 * RUNTIME_UNUSABLE.
 */
export async function requireOwn(runtime: Runtime): Promise<Runtime> {
  const [library, framework] = [await realpath(runtime.library), await realpath(runtime.framework)];
  for (const path of [library, framework]) {
    const writer = await whoElseMayWrite(path);
    if (writer !== undefined) throw unusable(runtime, `${writer}, and could put other code there`);
  }
  return { ...runtime, library, framework };
}

/**
 * The same runtime once its libraries, and all that they would load from their folders, are those that are pinned, and nobody else may
 * write to them. Throws RUNTIME_UNUSABLE.
 */
export async function verifyRuntime(runtime: Runtime, options: VerifyOptions): Promise<Runtime> {
  const own = await requireOwn(runtime);
  const packages = dirname(dirname(own.library));
  const pinned = pinnedLibraries(options.variants);
  const present = await loadableFiles(packages, pinned);
  const strange = present.find((file) => !pinned.has(file));
  if (strange !== undefined) throw unusable(runtime, `${strange} is not a library of the pinned packages`);
  const memory = await VerifiedFiles.open(options.memory);
  let isAnnounced = false;
  for (const file of present) {
    const path = join(packages, file);
    const writer = await whoElseMayWrite(path);
    if (writer !== undefined) throw unusable(runtime, `${writer}, and could put other code there`);
    const hash = await memory.hashOf(path, () => {
      if (!isAnnounced) options.onSlow?.();
      isAnnounced = true;
      return sha256OfFile(path);
    });
    if (!pinned.get(file)?.includes(hash)) {
      throw unusable(runtime, `${file} is not the file that TensorFlow published: SHA-256 ${hash}`);
    }
  }
  await memory.save();
  return own;
}

function pinnedLibraries(variants: readonly RuntimeVariant[]): Pinned {
  const pinned = new Map<string, string[]>();
  for (const { libraries } of variants.flatMap(({ wheels }) => wheels)) {
    for (const [file, hashes] of Object.entries(libraries)) {
      pinned.set(file, [...(pinned.get(file) ?? []), ...hashes]);
    }
  }
  return pinned;
}

/**
 * The files among the packages that TensorFlow would load or run: what lies beside its libraries, where they look first for all that
 * they need, the libraries of the NVIDIA packages, and the pinned files of other kinds. Folders that the libraries' search path names,
 * but which no package has, count as strange files.
 */
async function loadableFiles(packages: string, pinned: Pinned): Promise<string[]> {
  const nvidia = (await namesIn(join(packages, 'nvidia'))).map((name) => join('nvidia', name, 'lib'));
  const folders = ['tensorflow', ...nvidia];
  const libraries = await Promise.all(
    folders.map(async (folder) =>
      (await namesIn(join(packages, folder)))
        .filter((name) => LIBRARY.test(name))
        .map((name) => join(folder, name)),
    ),
  );
  const others = await Promise.all(
    [...pinned.keys()]
      .filter((file) => !LIBRARY.test(basename(file)))
      .map(async (file) => ((await isThere(join(packages, file))) ? [file] : [])),
  );
  const around = (await namesIn(dirname(packages))).filter((name) => name.startsWith('_solib'));
  return [...libraries.flat(), ...others.flat(), ...around.map((name) => join('..', name))];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function unusable({ folder }: Runtime, reason: string): ToolkitError {
  return new ToolkitError('RUNTIME_UNUSABLE', { path: folder, reason });
}
