import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { createArtifact, type WriterOptions } from './encryption/artifact-writer.js';
import { readArtifact } from './encryption/artifact-file.js';
import { systemCodeOf, ToolkitError } from './errors.js';
import { readError, storageError } from './file-errors.js';
import { decodeText } from './formats/text.js';

export { corruptError, isStorageFull, readError, storageError, unpackError } from './file-errors.js';

const TEMPORARY = /^\..+\.[0-9a-f-]{36}\.tmp$/;

/** Makes a folder and its parents. Throws STORAGE_DENIED or STORAGE_FULL. */
export async function makeFolder(path: string): Promise<void> {
  await makeMissingFolders(path);
}

/**
 * Makes a folder and its parents, and runs an action that writes to it. If the action fails, the new folders that are empty are
 * removed. Throws STORAGE_DENIED, STORAGE_FULL, and whatever the action throws.
 */
export async function withFolder<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  const made = await makeMissingFolders(path);
  try {
    return await action();
  } catch (error) {
    // rmdir fails for folders that are not empty, so saved files are kept.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** Returns the folders that were made, the outermost first. */
async function makeMissingFolders(path: string): Promise<string[]> {
  try {
    return await makeFolders(resolve(path));
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Node's recursive mkdir loops forever if the system reports ENOENT for a folder whose parent exists, as /proc does. */
async function makeFolders(path: string): Promise<string[]> {
  if (await isFolder(path)) return [];
  const parent = dirname(path);
  const made = parent === path ? [] : await makeFolders(parent);
  try {
    await mkdir(path);
    return [...made, path];
  } catch (error) {
    // Another process may have made it in the meantime.
    if (systemCodeOf(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
    return made;
  }
}

/** Whether a path is a file, or a link to one. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}

/** Whether a path is a folder, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/**
 * Writes a file atomically: to a temporary file in the same folder, flushed to disk, then renamed. Inside `withEncryption` it is encrypted, the
 * temporary file too. Throws STORAGE_DENIED or STORAGE_FULL; an existing file is then unchanged.
 */
export async function writeFileAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, {}, parts);
}

/**
 * The same for a file that stays in plaintext, whatever `withEncryption` says: others must be able to read it without a key, such as an audit
 * log, a signature or a policy.
 */
export async function writePublicAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, { isPublic: true }, parts);
}

/** The same for a secret: only its owner may ever read or write it, whatever the umask. */
export async function writeSecretAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, { isPublic: true, mode: 0o600 }, parts);
}

/**
 * The same for a content that comes in pieces, of any size. Throws what the pieces throw, too.
 *
 * @param options its permissions, and whether it stays in plaintext
 */
export async function replaceFile(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: Pick<WriterOptions, 'mode' | 'isPublic'>,
): Promise<void> {
  await writeThenRename(path, options, pieces);
}

async function writeThenRename(
  path: string,
  options: Pick<WriterOptions, 'mode' | 'isPublic'>,
  parts: Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const writer = await createArtifact(temporary, { ...options, flags: 'wx' });
    try {
      for await (const part of parts) await writer.write(typeof part === 'string' ? Buffer.from(part) : part);
      await writer.finish();
    } finally {
      await writer.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(error, path);
  }
  await syncFolder(dirname(path));
}

/** Flushes a folder's entries to disk, so that a rename survives a power failure. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder as a file, and does not need this.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes the temporary files of interrupted writes. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The names in a folder; undefined if it does not exist. Throws DATA_UNREADABLE: an unreadable folder must not look empty. */
export async function namesIfThere(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw readError(error, folder);
  }
}

/** The size of a regular file in bytes; undefined if there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** The content of a file, encrypted or not; undefined if it does not exist. Throws DATA_UNREADABLE, and the errors of encrypted files. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readArtifact(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw readError(error, path);
  }
}

/**
 * The text of a file of limited size; undefined if it does not exist. Throws DATA_UNREADABLE, also, before reading, for a file that is
 * too large or not regular.
 */
export async function readTextWithin(path: string, maxBytes: number): Promise<string | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw readError(error, path);
  });
  if (!found) return undefined;
  // Reading a pipe or a device would never end.
  const reason = !found.isFile() ? 'not a file' : found.size > maxBytes ? `more than ${maxBytes} bytes` : '';
  if (reason !== '') throw new ToolkitError('DATA_UNREADABLE', { path, reason });
  return readTextIfThere(path);
}

/** The text of a file; undefined if there is none. Throws DATA_UNREADABLE. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  const bytes = await readIfThere(path);
  return bytes && decodeText(bytes);
}
