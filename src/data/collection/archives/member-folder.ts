import { createWriteStream } from 'node:fs';
import { dirname,join } from 'node:path';
import { Transform,type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { validateFileName } from 'yauzl';

import { messageOf,systemCodeOf,ToolkitError } from '../../../core/errors.js';
import { fileSize,makeFolder,storageError } from '../../../core/files.js';
import { RejectionError } from '../../rejection.js';

/** Archives of images and tables do not shrink further; what does is made to fill a disk. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 64 * 2 ** 20;
/** An archive may have so many members. */
export const MAX_MEMBERS = 5_000_000;

/** Where the members of an archive are written, and nowhere else, as long as they are not suspiciously many bytes. */
export class MemberFolder {
  readonly #archive: string;
  readonly #folder: string;
  readonly #limit: number;
  #used = 0;

  private constructor(archive: string, folder: string, limit: number) {
    this.#archive = archive;
    this.#folder = folder;
    this.#limit = limit;
  }

  /** Makes the folder. Throws a storage error. */
  static async create(archive: string, folder: string): Promise<MemberFolder> {
    const limit = Math.max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * ((await fileSize(archive)) ?? 0));
    await makeFolder(folder);
    return new MemberFolder(archive, folder, limit);
  }

  /** Bytes that have been unpacked. */
  get used(): number {
    return this.#used;
  }

  /** Throws SOURCE_REFUSED where an archive itself says that it holds more than it may: before anything is unpacked. */
  refuseClaim(bytes: number): void {
    if (this.#used + bytes > this.#limit) throw this.#refusal();
  }

  /**
   * Writes a member; returns why it was not, if it is to blame itself. Throws SOURCE_REFUSED past the limit, and storage errors.
   *
   * @param open gives its bytes, once its name was found harmless; throws RejectionError
   */
  async write(
    name: string,
    open: () => Promise<Readable> | Readable,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const complaint = name.includes('\0') ? 'a zero byte in its name' : validateFileName(name);
      if (complaint !== null) throw new RejectionError(`a name that leads out of the archive (${complaint})`);
      const path = join(this.#folder, name);
      const source = await open();
      await makeFolder(dirname(path));
      // Never over another member: neither the same name twice, nor two that the file system takes for the same.
      const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
      await pipeline(source, this.#counter(), file, { signal });
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      return this.#problemOf(error, name);
    }
  }

  #problemOf(error: unknown, name: string): string {
    if (error instanceof RejectionError) return error.message;
    if (error instanceof ToolkitError) {
      if (error.code !== 'STORAGE_DENIED') throw error;
      return 'its folder cannot be made: the name of another member, or too long';
    }
    const code = systemCodeOf(error);
    if (code === undefined || code.startsWith('Z_')) return `damaged (${messageOf(error)})`;
    if (code === 'EEXIST' || code === 'EISDIR') return 'a second member of this name';
    if (code === 'ENAMETOOLONG' || code === 'EILSEQ' || code === 'EINVAL')
      return 'a name that the file system does not take';
    throw storageError(error, join(this.#folder, name));
  }

  /** Passes bytes on, and fails past the limit. */
  #counter(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#used += chunk.length;
        if (this.#used <= this.#limit) done(null, chunk);
        else done(this.#refusal());
      },
    });
  }

  #refusal(): ToolkitError {
    const reason = `it unpacks to more than ${this.#limit} bytes, as no archive of images does`;
    const hint = 'unpack it yourself if you trust it, and give the folder with --from';
    return new ToolkitError('SOURCE_REFUSED', { path: this.#archive, reason, hint });
  }
}
