import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { corruptError, readError } from '../../../core/files.js';
import { bytesFrom } from '../source-bytes.js';
import { MAX_NPY_HEADER_BYTES, parseNpyHeader } from './npy.js';
import type { ArraySource, NpzArray } from './npz-archive.js';

/** The .npy files of a folder. */
export class NpyFolder implements ArraySource {
  readonly names: string[];
  readonly #folder: string;

  private constructor(folder: string, names: string[]) {
    this.#folder = folder;
    this.names = names;
  }

  /** Opens regular files only: a link may lead anywhere. */
  static async open(folder: string): Promise<NpyFolder> {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.npy'));
    return new NpyFolder(
      folder,
      files.map(({ name }) => name.replace(/\.npy$/, '')),
    );
  }

  async array(name: string): Promise<NpzArray | undefined> {
    if (!this.names.includes(name)) return undefined;
    const path = join(this.#folder, `${name}.npy`);
    try {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        const { buffer, bytesRead } = await file.read(
          Buffer.alloc(MAX_NPY_HEADER_BYTES),
          0,
          MAX_NPY_HEADER_BYTES,
          0,
        );
        const header = parseNpyHeader(buffer.subarray(0, bytesRead), path);
        if (!header) throw corruptError(path, 'ends within its header');
        if (header.fileBytes !== size) {
          throw corruptError(path, `${size} bytes, but its header says ${header.fileBytes}`);
        }
        return { path, header, read: () => bytesFrom(path, header.headerBytes) };
      } finally {
        await file.close();
      }
    } catch (error) {
      throw readError(error, path);
    }
  }

  close(): void {
    // Each file is closed after reading.
  }
}
