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

/** The system's words for "not here": forbidden, read-only, under a file, a name too long, a limit on the size of files. */
const DENIED = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY'],
  ...['ENAMETOOLONG', 'ELOOP', 'EFBIG', 'EINVAL', 'EIO'],
]);
const TEMPORARY = /^\..+\.[0-9a-f-]{36}\.tmp$/;

/** A failed write as an error that names the path: a full disk and a forbidden folder have one each. */
export function storageError(error: unknown, path: string): unknown {
  const code = systemCodeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ToolkitError('STORAGE_FULL', { path }, { cause: error });
  if (code !== undefined && DENIED.has(code)) {
    return new ToolkitError('STORAGE_DENIED', { path, reason: code }, { cause: error });
  }
  return error;
}

/** Makes a folder and those above it. Throws STORAGE_DENIED or STORAGE_FULL. */
export async function makeFolder(path: string): Promise<void> {
  await makeMissingFolders(path);
}

/**
 * Makes a folder, and those above it, for an action to write to. Where the action fails, those that it leaves empty are removed
 * again. Throws STORAGE_DENIED, STORAGE_FULL, and whatever the action throws.
 */
export async function withFolder<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  const made = await makeMissingFolders(path);
  try {
    return await action();
  } catch (error) {
    // The system refuses to remove a folder with anything in it: what was saved stays.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** Returns the folders that it has made, the outermost first. */
async function makeMissingFolders(path: string): Promise<string[]> {
  try {
    return await makeFolders(resolve(path));
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Node's own recursive mkdir never returns where the system answers ENOENT for a folder whose parent exists, as /proc does. */
async function makeFolders(path: string): Promise<string[]> {
  if (await isFolder(path)) return [];
  const parent = dirname(path);
  const made = parent === path ? [] : await makeFolders(parent);
  try {
    await mkdir(path);
    return [...made, path];
  } catch (error) {
    // Another process may have made it meanwhile.
    if (systemCodeOf(error) !== 'EEXIST' || !(await isFolder(path))) throw error;
    return made;
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

/**
 * Writes a file so that it is there whole or not at all: into a temporary file in the same folder, flushed to the disk,
 * then renamed. Throws STORAGE_DENIED or STORAGE_FULL; the file that was there before is then untouched.
 */
export async function writeFileAtomically(path: string, ...parts: (Uint8Array | string)[]): Promise<void> {
  await writeThenRename(path, undefined, parts);
}

/** The same for a secret: from its first byte on, only its owner may read or write it, whatever the umask. */
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
      // A umask can only take from the mode; this gives back what it took from the owner.
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

/** Flushes a folder's entries to the disk, so that a rename outlives a power failure. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder as a file, and needs no such flush.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what writes that were killed half-way left in a folder. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Whether anything is at a path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The size of an ordinary file in bytes, or undefined where there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** A text without the mark that editors on Windows put in front of UTF-8. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** A file that could not be read as data, as an error that names it. */
export function readError(error: unknown, path: string): ToolkitError {
  if (isToolkitError(error) || isMemoryFailure(error)) return asToolkitError(error);
  const reason = systemCodeOf(error) ?? messageOf(error);
  return new ToolkitError('DATA_UNREADABLE', { path, reason }, { cause: error });
}

/** A file that was read and holds nothing that can be used, as an error that names it. */
export function corruptError(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('DATA_CORRUPT', { path, reason }, { cause });
}

/**
 * A compressed file or archive that could not be read, as an error that names it: DATA_UNREADABLE where the system says why,
 * DATA_CORRUPT where zlib or the parser of the format does.
 */
export function unpackError(error: unknown, path: string): ToolkitError {
  if (isToolkitError(error) || isMemoryFailure(error)) return asToolkitError(error);
  const code = systemCodeOf(error);
  const isDamaged = code === undefined || code.startsWith('Z_');
  return isDamaged ? corruptError(path, `damaged (${messageOf(error)})`, error) : readError(error, path);
}

/** The bytes of a file; undefined where there is none, nor a folder for it. Throws DATA_UNREADABLE. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw readError(error, path);
  }
}

/**
 * The text of a file of limited size; undefined where there is none. Throws DATA_UNREADABLE, also for what is not a file or is too
 * large: it is not read then.
 */
export async function readTextWithin(path: string, maxBytes: number): Promise<string | undefined> {
  const found = await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw readError(error, path);
  });
  if (!found) return undefined;
  // A pipe or a device would never end.
  const reason = !found.isFile() ? 'not a file' : found.size > maxBytes ? `more than ${maxBytes} bytes` : '';
  if (reason !== '') throw new ToolkitError('DATA_UNREADABLE', { path, reason });
  return readTextIfThere(path);
}

/** The same as text. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  const text = (await readIfThere(path))?.toString('utf8');
  return text && withoutByteOrderMark(text);
}
