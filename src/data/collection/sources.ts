import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { download } from '../../core/download.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, fileSize, makeFolder } from '../../core/files.js';
import { sha256 } from '../../core/hashing.js';
import { standardFileNames, type FileRole } from '../datasets/dataset.js';

/** A file of a data set on this machine. */
export interface FetchedFile {
  path: string;
  /** Its name in messages. */
  name: string;
}

/** The names of the four files. */
export type FileNames = Readonly<Record<FileRole, string>>;

/** A source of the four files of a data set. */
export interface Source {
  /** Its name in the manifest. */
  description: string;
  fetch(role: FileRole): Promise<FetchedFile>;
  /** Removes temporary files. */
  cleanUp(): Promise<void>;
}

/** Larger than any file of a data set that fits into memory. */
const MAX_DOWNLOAD_BYTES = 2 ** 31;

/** The possible names of a file: as in MNIST, with a dot before "idx", gzipped or not. */
export function candidateNames(role: FileRole, fileNames: FileNames = standardFileNames): string[] {
  const name = fileNames[role];
  const dotted = name.replace('-idx', '.idx');
  return [name, dotted].flatMap((candidate) => [`${candidate}.gz`, candidate]);
}

/** A source in a folder. Throws DATA_MISSING if the folder or one of the four files is missing. */
export function folderSource(
  folder: string,
  description = resolve(folder),
  fileNames: FileNames = standardFileNames,
): Source {
  return {
    description,
    async fetch(role) {
      if (!(await exists(folder))) {
        throw new ToolkitError('DATA_MISSING', {
          path: folder,
          hint: '--from names a folder or an http address',
        });
      }
      const names = candidateNames(role, fileNames);
      for (const name of names) {
        const path = join(folder, name);
        if ((await fileSize(path)) !== undefined) return { path, name: path };
      }
      const hint = `the folder must contain ${names.join(' or ')}`;
      throw new ToolkitError('DATA_MISSING', { path: join(folder, fileNames[role]), hint });
    },
    cleanUp: () => Promise.resolve(),
  };
}

/** A source at a web address. Downloads go to a folder that keeps partial files. Throws DOWNLOAD_FAILED. */
export function mirrorSource(
  address: string,
  work: string,
  { emit, signal }: StageContext,
  fileNames: FileNames = standardFileNames,
): Source {
  if (!URL.canParse(address))
    throw new ToolkitError('DOWNLOAD_FAILED', { url: address, reason: 'not a web address' });
  const base = address.endsWith('/') ? address : `${address}/`;
  // Separate folders per mirror, so that partial files are not mixed up.
  const folder = join(work, sha256(base).slice(0, 16));
  return {
    description: base,
    async fetch(role) {
      await makeFolder(folder);
      let failure: unknown;
      for (const name of candidateNames(role, fileNames)) {
        const url = new URL(name, base).href;
        const destination = join(folder, name);
        if (await exists(destination)) return { path: destination, name: url };
        const onProgress = (done: number, total: number | undefined): void => {
          emit({ event: 'progress', task: `download ${name}`, done, total, unit: 'bytes' });
        };
        try {
          await download({ url, destination, maxBytes: MAX_DOWNLOAD_BYTES, signal, onProgress });
          return { path: destination, name: url };
        } catch (error) {
          // A mirror has the file under only one of the possible names.
          if (!(error instanceof ToolkitError && /answered 40[34]/.test(error.message))) throw error;
          failure ??= error;
        }
      }
      throw failure;
    },
    cleanUp: () => rm(work, { recursive: true, force: true }),
  };
}
