import {
  asToolkitError,
  isMemoryFailure,
  isToolkitError,
  messageOf,
  systemCodeOf,
  ToolkitError,
} from './errors.js';

/** Error codes of paths that cannot be written: no permission, read-only, below a file, name too long, file size limit. */
const DENIED = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY'],
  ...['ENAMETOOLONG', 'ELOOP', 'EFBIG', 'EINVAL', 'EIO'],
]);

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
