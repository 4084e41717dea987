import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { validateFileName } from 'yauzl';

import type { Emit } from '../../../core/events.js';
import { messageOf, systemCodeOf, ToolkitError } from '../../../core/errors.js';
import { corruptError, fileSize, makeFolder, storageError } from '../../../core/files.js';
import { RejectionError, type Rejection } from '../../rejection.js';

/** Images and tables do not compress further; an archive that does is meant to fill the disk. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 64 * 2 ** 20;
/** The largest number of members of an archive. */
const MAX_MEMBERS = 5_000_000;

/** The new folder that an archive is unpacked into. Members are written inside it only, up to a multiple of the archive's size. */
export class MemberFolder {
  /** The members that were not written, and why. */
  readonly rejected: Rejection[] = [];
  readonly #archive: string;
  readonly #folder: string;
  readonly #limit: number;
  readonly #emit: Emit;
  #used = 0;

  private constructor(archive: string, folder: string, limit: number, emit: Emit) {
    this.#archive = archive;
    this.#folder = folder;
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Makes the folder. Throws STORAGE_DENIED or STORAGE_FULL. */
  static async create(archive: string, folder: string, emit: Emit): Promise<MemberFolder> {
    const limit = Math.max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * ((await fileSize(archive)) ?? 0));
    await makeFolder(folder);
    return new MemberFolder(archive, folder, limit, emit);
  }

  /** The number of unpacked bytes. */
  get used(): number {
    return this.#used;
  }

  /** Throws DATA_CORRUPT if an archive has too many members. */
  refuseCount(members: number): void {
    if (members > MAX_MEMBERS) throw corruptError(this.#archive, `more than ${MAX_MEMBERS} members`);
  }

  /** Throws SOURCE_REFUSED if an archive declares that it unpacks to more than the limit, before it is unpacked. */
  refuseClaim(bytes: number): void {
    if (this.#used + bytes > this.#limit) throw this.#refusal();
  }

  /**
   * Writes a member, or rejects it. Throws SOURCE_REFUSED past the limit, STORAGE_DENIED, STORAGE_FULL, and the signal's reason when
   * aborted.
   *
   * @param open opens the member after its name was checked; throws RejectionError
   * @param total the unpacked size of all members, if known
   */
  async add(
    name: string,
    open: () => Promise<Readable> | Readable,
    signal: AbortSignal,
    total?: number,
  ): Promise<void> {
    const reason = await this.#write(name, open, signal);
    if (reason !== undefined) this.rejected.push({ name, reason });
    this.#emit({ event: 'progress', task: 'unpack', done: this.#used, total, unit: 'bytes' });
  }

  /** Returns why a member was rejected, or undefined. */
  async #write(
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
      // Never overwrites a member: of the same name, or of one that is the same to the file system.
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
      return 'its folder cannot be created: a member has its name, or it is too long';
    }
    const code = systemCodeOf(error);
    if (code === undefined || code.startsWith('Z_')) return `damaged (${messageOf(error)})`;
    if (code === 'EEXIST' || code === 'EISDIR') return 'a second member of this name';
    if (code === 'ENAMETOOLONG' || code === 'EILSEQ' || code === 'EINVAL')
      return 'a name that the file system does not allow';
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
    const reason = `it unpacks to more than ${this.#limit} bytes, too much for an archive of images`;
    const hint = 'unpack it yourself if you trust it, and give the folder with --from';
    return new ToolkitError('SOURCE_REFUSED', { path: this.#archive, reason, hint });
  }
}
