import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import {
  asToolkitError,
  isMemoryFailure,
  isToolkitError,
  messageOf,
  systemCodeOf,
  ToolkitError,
} from './errors.js';
import { decodeText } from './formats/text.js';

/** Error codes of paths that cannot be written: no permission, read-only, below a file, name too long, file size limit. */
const DENIED = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY'],
  ...['ENAMETOOLONG', 'ELOOP', 'EFBIG', 'EINVAL', 'EIO'],
]);
const TEMPORARY = /^\..+\.[0-9a-f-]{36}\.tmp$/;

/** Converts a failed write to STORAGE_FULL or STORAGE_DENIED, which name the path; other errors stay the same. */
export function storageError(error: unknown, path: string): unknown {
  const code = systemCodeOf(error);
  if (isStorageFull(error)) return new ToolkitError('STORAGE_FULL', { path }, { cause: error });
  if (code !== undefined && DENIED.has(code)) {
    return new ToolkitError('STORAGE_DENIED', { path, reason: code }, { cause: error });
  }
  return error;
}

/** Whether a write failed because the device or the user's quota is full. */
export function isStorageFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '');
}

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
 * Writes a file atomically: to a temporary file in the same folder, flushed to disk, then renamed. Throws STORAGE_DENIED or
 * STORAGE_FULL; an existing file is then unchanged.
 */
export async function writeFileAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, undefined, parts);
}

/** The same for a secret: only its owner may ever read or write it, whatever the umask. */
export async function writeSecretAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, 0o600, parts);
}

async function writeThenRename(
  path: string,
  mode: number | undefined,
  parts: readonly (Uint8Array | string)[],
): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      // The umask may have removed the owner's permissions.
      if (mode !== undefined) await file.chmod(mode);
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
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

/** The size of a regular file in bytes; undefined if there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** Converts a failed read to DATA_UNREADABLE, which names the file. */
export function readError(error: unknown, path: string): ToolkitError {
  if (isToolkitError(error) || isMemoryFailure(error)) return asToolkitError(error);
  const reason = systemCodeOf(error) ?? messageOf(error);
  return new ToolkitError('DATA_UNREADABLE', { path, reason }, { cause: error });
}

/** DATA_CORRUPT for a file that was read but is invalid. */
export function corruptError(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('DATA_CORRUPT', { path, reason }, { cause });
}

/**
 * Converts a failed read of a compressed file or archive: DATA_UNREADABLE for system errors, DATA_CORRUPT for errors of zlib or
 * the parser.
 */
export function unpackError(error: unknown, path: string): ToolkitError {
  if (isToolkitError(error) || isMemoryFailure(error)) return asToolkitError(error);
  const code = systemCodeOf(error);
  const isDamaged = code === undefined || code.startsWith('Z_');
  return isDamaged ? corruptError(path, `damaged (${messageOf(error)})`, error) : readError(error, path);
}

/** The bytes of a file; undefined if it does not exist. Throws DATA_UNREADABLE. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
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
