import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { getFileNameLowLevel, openPromise, validateFileName, type Entry, type ZipFile } from 'yauzl';

import { messageOf, systemCodeOf, ToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { fileSize, makeFolder, readError, storageError } from '../core/files.js';
import { Unusable, type Rejection } from './unusable.js';

/** Archives of images and tables do not shrink further; what does is made to fill a disk. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 64 * 2 ** 20;
const MAX_MEMBERS = 5_000_000;
const UNIX_TYPE_MASK = 0o170000;
const UNIX_LINK = 0o120000;
const ENCRYPTED = 1;

/**
 * Unpacks a zip archive into a new folder, and returns what was refused: names that lead out of the folder, links, encrypted and damaged
 * members. Nothing is written anywhere else. Throws SOURCE_REFUSED for an archive that unpacks to a multiple of its size,
 * DATA_CORRUPT for one that is damaged as a whole, and storage errors.
 *
 * @param wanted which members are needed, by their names
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  wanted: (name: string) => boolean,
  { emit, signal }: StageContext,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const archiveBytes = (await fileSize(archive)) ?? 0;
  const budget = new Budget(archive, Math.max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * archiveBytes));
  await makeFolder(folder);
  const zip = await openArchive(archive);
  let done = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (++done > MAX_MEMBERS) throw corrupt(archive, `more than ${MAX_MEMBERS} members`);
      const name = getFileNameLowLevel(
        entry.generalPurposeBitFlag,
        rawNameOf(entry),
        entry.extraFields,
        false,
      );
      if (name.endsWith('/') || !wanted(name)) continue;
      const reason = await unpackMember(zip, entry, name, folder, budget, signal);
      if (reason !== undefined) rejected.push({ name, reason });
      emit({ event: 'progress', task: 'unpack', done: budget.used, total: undefined, unit: 'bytes' });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ToolkitError) throw error;
    const code = systemCodeOf(error);
    throw code === undefined ? corrupt(archive, `damaged (${messageOf(error)})`) : readError(error, archive);
  } finally {
    zip.close();
  }
  return rejected;
}

async function openArchive(archive: string): Promise<ZipFile> {
  try {
    // Names are decoded and checked here, so that a bad one costs its member and not the archive.
    return await openPromise(archive, { lazyEntries: true, autoClose: false, decodeStrings: false });
  } catch (error) {
    const code = systemCodeOf(error);
    throw code === undefined
      ? corrupt(archive, `not a zip archive (${messageOf(error)})`)
      : readError(error, archive);
  }
}

/** Where names are not decoded, they are bytes, which the types do not know. */
function rawNameOf(entry: Entry): Buffer {
  return entry.fileName as unknown as Buffer;
}

/** Writes a member; returns why it was not, if it is to blame itself. */
async function unpackMember(
  zip: ZipFile,
  entry: Entry,
  name: string,
  folder: string,
  budget: Budget,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    refuseUnsafe(entry, name);
    const path = join(folder, name);
    const source = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
      throw new Unusable(`damaged (${messageOf(error)})`);
    });
    await makeFolder(dirname(path));
    // Never over another member: neither the same name twice, nor two that the file system takes for the same.
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(source, budget.counter(), file, { signal });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unusable) return error.message;
    if (error instanceof ToolkitError) {
      if (error.code !== 'STORAGE_DENIED') throw error;
      return 'its folder cannot be made: the name of another member, or too long';
    }
    const code = systemCodeOf(error);
    if (code === undefined || code.startsWith('Z_')) return `damaged (${messageOf(error)})`;
    if (code === 'EEXIST' || code === 'EISDIR') return 'a second member of this name';
    if (code === 'ENAMETOOLONG' || code === 'EILSEQ' || code === 'EINVAL')
      return 'a name that the file system does not take';
    throw storageError(error, join(folder, name));
  }
}

function refuseUnsafe(entry: Entry, name: string): void {
  const complaint = name.includes('\0') ? 'a zero byte in its name' : validateFileName(name);
  if (complaint !== null) throw new Unusable(`a name that leads out of the archive (${complaint})`);
  const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE_MASK;
  if (type === UNIX_LINK) throw new Unusable('a link');
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw new Unusable('encrypted');
}

/** How much an archive may unpack to. */
class Budget {
  readonly #archive: string;
  readonly #limit: number;
  #used = 0;

  constructor(archive: string, limit: number) {
    this.#archive = archive;
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Passes bytes on, and fails past the limit. */
  counter(): Transform {
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

function corrupt(path: string, reason: string): ToolkitError {
  return new ToolkitError('DATA_CORRUPT', { path, reason });
}
