import { open, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { download } from '../../core/download.js';
import { currentKeyring } from '../../core/encryption/session.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { exists, fileSize, makeFolder, readError } from '../../core/files.js';
import { sha256, sha256OfFile } from '../../core/hashing.js';
import { unpackTar } from './archives/unpack-tar.js';
import { unpackZip } from './archives/unpack-zip.js';
import type { Rejection } from '../rejection.js';

/** The single file of a source. */
export interface SourceFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** A source on this machine. */
export interface Place {
  path: string;
  /** Its name in messages and in the manifest. */
  description: string;
  /** The original file; undefined for a folder. */
  file: SourceFile | undefined;
  /** The archive members that were rejected. */
  rejected: readonly Rejection[];
}

export interface ObtainOptions {
  /** A file or folder, or the address of a file. */
  from: string;
  /** The folder for downloaded and unpacked files; the caller removes it. */
  work: string;
  /** The expected hash of the file. */
  sha256: string | undefined;
  /** Selects the members of an archive to unpack. */
  wanted?: ((name: string) => boolean) | undefined;
}

const MAX_DOWNLOAD_BYTES = 2 ** 34;
const ZIP_MAGIC = 'PK\x03\x04';
const GZIP_MAGIC = '\x1f\x8b';
/** The magic string in the first header of a tar archive. */
const TAR_MAGIC = { offset: 257, text: 'ustar' };
const TAR_NAME = /\.(tar|tar\.gz|tgz)$/i;
const FILE_ADDRESS = /\.(zip|npz|[ct]sv|[ct]sv\.gz|tar|tar\.gz|tgz)$/i;

/** Whether a source is named by a web address. */
export function isAddress(from: string): boolean {
  return /^https?:\/\//i.test(from);
}

/** Whether a web address is that of one file, and not of a folder with the four files of MNIST. */
export function isFileAddress(address: string): boolean {
  return URL.canParse(address) && FILE_ADDRESS.test(new URL(address).pathname);
}

/**
 * Refuses what puts a source on the disk in plaintext while files are to be encrypted. Published data sets are no secret. Throws
 * ENCRYPTION_REFUSED.
 */
export function refusePlaintext(
  { from, wanted }: Pick<ObtainOptions, 'from' | 'wanted'>,
  what: string,
): void {
  if (wanted !== undefined || !currentKeyring().encrypts) return;
  throw new ToolkitError('ENCRYPTION_REFUSED', {
    reason: `${from}: ${what} would lie on the disk in plaintext while it is imported`,
    hint: 'put it into a folder in memory, such as /dev/shm, and give that folder with --from',
  });
}

/**
 * Obtains a source: downloads it, checks its hash, and unpacks it if it is a zip or tar archive. Throws DATA_MISSING, DATA_REFUSED,
 * DATA_UNREADABLE, DATA_CORRUPT, DOWNLOAD_FAILED, SOURCE_REFUSED, ENCRYPTION_REFUSED, USAGE, STORAGE_FULL or STORAGE_DENIED.
 */
export async function obtain(options: ObtainOptions, context: StageContext): Promise<Place> {
  const { from, work, wanted = () => true } = options;
  const isRemote = isAddress(from);
  if (isRemote) refusePlaintext(options, 'what is downloaded');
  const path = isRemote ? await fetchFile(options, context) : from;
  if (!(await exists(path))) {
    const hint = '--from names a folder, a file or an http address';
    throw new ToolkitError('DATA_MISSING', { path, hint });
  }
  const description = isRemote ? from : resolve(from);
  const bytes = await fileSize(path);
  if (bytes === undefined) {
    refuseFolderHash(options);
    return { path, description, file: undefined, rejected: [] };
  }
  const file = { name: basename(path), bytes, sha256: await hashOf(path, context.signal) };
  refuseOther(file, options);
  const unpack = await unpackerFor(path);
  if (!unpack) return { path, description, file, rejected: [] };
  refusePlaintext(options, 'what is unpacked');
  const unpacked = join(work, 'unpacked');
  await rm(unpacked, { recursive: true, force: true });
  const rejected = await unpack(path, unpacked, wanted, context);
  return { path: unpacked, description, file, rejected };
}

async function fetchFile(
  { from, work, sha256: pinned }: ObtainOptions,
  context: StageContext,
): Promise<string> {
  const { emit, signal } = context;
  if (!URL.canParse(from))
    throw new ToolkitError('DOWNLOAD_FAILED', { url: from, reason: 'not a web address' });
  const name = basename(new URL(from).pathname).replaceAll(/[^\w.-]/g, '_') || 'download';
  // Separate folders per address, so that partial files are not mixed up.
  const folder = join(work, sha256(from).slice(0, 16));
  await makeFolder(folder);
  const destination = join(folder, name.slice(-100));
  if (await exists(destination)) return destination;
  const onProgress = (done: number, total: number | undefined): void => {
    emit({ event: 'progress', task: `download ${name}`, done, total, unit: 'bytes' });
  };
  await download({
    url: from,
    destination,
    maxBytes: MAX_DOWNLOAD_BYTES,
    sha256: pinned,
    signal,
    onProgress,
  });
  return destination;
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await sha256OfFile(path, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw readError(error, path);
  }
}

function refuseOther(file: SourceFile, { from, sha256: expected }: ObtainOptions): void {
  if (expected === undefined || expected === file.sha256) return;
  throw new ToolkitError('DATA_REFUSED', { path: from, what: 'SHA-256', expected, found: file.sha256 });
}

function refuseFolderHash({ from, sha256: expected }: ObtainOptions): void {
  if (expected === undefined) return;
  const message = `--sha256 is given, but ${from} is a folder`;
  throw new ToolkitError('USAGE', { message, hint: 'pin the hash of an archive or a file' });
}

/** Detects an archive by its content; NumPy archives are not unpacked. */
async function unpackerFor(path: string): Promise<typeof unpackZip | undefined> {
  if (/\.npz$/i.test(path)) return undefined;
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const start = buffer.subarray(0, bytesRead).toString('latin1');
    if (start.startsWith(ZIP_MAGIC)) return unpackZip;
    if (start.startsWith(TAR_MAGIC.text, TAR_MAGIC.offset)) return unpackTar;
    // Only the name of a gzipped file tells what it contains; IDX files may be gzipped too.
    return TAR_NAME.test(path) && (start.startsWith(GZIP_MAGIC) || /\.tar$/i.test(path))
      ? unpackTar
      : undefined;
  } finally {
    await file.close();
  }
}
