import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { sha256OfFile } from '../../core/hashing.js';
import { whoElseMayWrite } from '../../core/ownership.js';
import type { Runtime } from './found-runtime.js';
import type { RuntimeVariant } from './variants.js';
import { VerifiedFiles } from './verified-files.js';

/** The allowed hashes of each library, by its path in the packages folder. */
type Pinned = ReadonlyMap<string, readonly string[]>;

/** What to verify against, and where results are cached. */
export interface VerifyOptions {
  /** The runtimes whose libraries are accepted. */
  variants: readonly RuntimeVariant[];
  /** The folder that caches the hashes of verified files. */
  cacheFolder: string;
  /** Called before uncached files are hashed, which takes seconds. */
  onSlow?: (() => void) | undefined;
}

const LIBRARY = /\.(so|dylib)(\.|$)/;

/**
 * Checks that no user but this one and the administrator has write access to a runtime's libraries, and returns it with their
 * resolved paths. Throws RUNTIME_UNUSABLE.
 */
export async function requireOwn(runtime: Runtime): Promise<Runtime> {
  const [library, framework] = [await realpath(runtime.library), await realpath(runtime.framework)];
  for (const path of [library, framework]) {
    const writer = await whoElseMayWrite(path);
    if (writer !== undefined) throw unusable(runtime, `other users could replace its code: ${writer}`);
  }
  return { ...runtime, library, framework };
}

/**
 * Checks that a runtime's libraries, and all libraries that they would load, match the pinned hashes and that no other user has write
 * access to them; returns the runtime with resolved paths. Throws RUNTIME_UNUSABLE.
 */
export async function verifyRuntime(runtime: Runtime, options: VerifyOptions): Promise<Runtime> {
  const own = await requireOwn(runtime);
  const packages = dirname(dirname(own.library));
  const pinned = pinnedLibraries(options.variants);
  const present = await loadableFiles(packages, pinned);
  const unpinned = present.find((file) => !pinned.has(file));
  if (unpinned !== undefined) throw unusable(runtime, `${unpinned} is not a library of the pinned packages`);
  const verified = await VerifiedFiles.open(options.cacheFolder);
  let isAnnounced = false;
  for (const file of present) {
    const path = join(packages, file);
    const writer = await whoElseMayWrite(path);
    if (writer !== undefined) throw unusable(runtime, `other users could replace its code: ${writer}`);
    const hash = await verified.hashOf(path, () => {
      if (!isAnnounced) options.onSlow?.();
      isAnnounced = true;
      return sha256OfFile(path);
    });
    if (!pinned.get(file)?.includes(hash)) {
      throw unusable(runtime, `${file} is not the file that TensorFlow published: SHA-256 ${hash}`);
    }
  }
  await verified.save();
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
 * The files that TensorFlow would load or run: the libraries beside its own (the first entry of their search path), those of the
 * NVIDIA packages, and the pinned files of other kinds. Folders on the search path that no package contains (`_solib…`) count as
 * unknown files.
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
  const solibs = (await namesIn(dirname(packages))).filter((name) => name.startsWith('_solib'));
  return [...libraries.flat(), ...others.flat(), ...solibs.map((name) => join('..', name))];
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
