import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';

import { messageOf, systemCodeOf } from '../../core/errors.js';
import { RejectionError } from '../rejection.js';

/** Limits memory: several files are read at the same time. */
const MAX_IMAGE_FILE_BYTES = 32 * 2 ** 20;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'not found',
  ENOTDIR: 'not found',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ELOOP: 'a circular link',
  ENAMETOOLONG: 'a name that is too long',
  EISDIR: 'a folder, not a file',
};

/** Reads files below a folder and none outside it: neither `..` nor a link leads out. */
export class SourceFolder {
  /** The real path, without links. */
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Throws the system error if there is no such folder. */
  static async open(path: string): Promise<SourceFolder> {
    return new SourceFolder(await realpath(path));
  }

  /**
   * Reads an image file. Throws RejectionError if it is not a regular file, too large, or outside the folder.
   *
   * @param name its path from the folder
   */
  async read(name: string): Promise<Buffer> {
    try {
      return await readOrdinary(await this.#locate(name));
    } catch (error) {
      if (error instanceof RejectionError) throw error;
      const code = systemCodeOf(error) ?? messageOf(error);
      throw new RejectionError(REASONS[code] ?? `cannot be read (${code})`, { cause: error });
    }
  }

  async #locate(name: string): Promise<string> {
    if (name.includes('\0')) throw new RejectionError('a name with a zero byte');
    if (isAbsolute(name) || /^[a-z]:|^\\/i.test(name)) throw new RejectionError('an absolute path');
    if (name.split(/[\\/]/).includes('..')) throw new RejectionError('a path with ".."');
    const path = await realpath(join(this.#root, name));
    const within = relative(this.#root, path);
    if (within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within)) {
      throw new RejectionError('a link that leads out of the folder');
    }
    return path;
  }
}

async function readOrdinary(path: string): Promise<Buffer> {
  // Opening a named pipe would wait for a writer forever; the file may have been replaced by a link since the check.
  // Windows has neither of the two flags.
  const { O_NONBLOCK, O_NOFOLLOW } = constants as Partial<typeof constants>;
  const file = await open(path, constants.O_RDONLY | (O_NONBLOCK ?? 0) | (O_NOFOLLOW ?? 0));
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new RejectionError(found.isDirectory() ? 'a folder, not a file' : 'not an ordinary file');
    if (found.size > MAX_IMAGE_FILE_BYTES) {
      throw new RejectionError(`${found.size} bytes, more than the limit of ${MAX_IMAGE_FILE_BYTES}`);
    }
    const content = Buffer.allocUnsafe(found.size);
    const { bytesRead } = await file.read(content, 0, found.size, 0);
    return content.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
