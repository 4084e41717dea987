import { open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { messageOf, systemCodeOf, ToolkitError } from './errors.js';
import { fileSize, makeFolder, storageError } from './files.js';
import { sha256OfFile } from './hashing.js';

export interface DownloadOptions {
  url: string;
  /** The path of the complete file; until then the bytes are in `<destination>.partial`. */
  destination: string;
  /** The largest size that is accepted. */
  maxBytes: number;
  /** The expected hash. With it, a partial file is resumed without an ETag or date from the server. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called as bytes arrive; `total` is undefined until the server sends it. */
  onProgress?: (received: number, total: number | undefined) => void;
  /** The number of retries in a row without progress. */
  retries?: number;
  /** The time without data after which a transfer is aborted and retried. */
  stallMs?: number;
  /** The pause before the first retry; it doubles each time. */
  pauseMs?: number;
}

/** What the server reported about the partial file, so that a later process can check that the file is the same. */
interface PartialState {
  url: string;
  validator: string | undefined;
}

/** Whether `MNIST_OFFLINE` forbids downloads. */
export function isOffline(environment: NodeJS.ProcessEnv): boolean {
  const value = environment['MNIST_OFFLINE'];
  return value !== undefined && !['', '0', 'false'].includes(value);
}

/** A failure after which a retry may succeed. */
class Transient extends Error {}

/**
 * Downloads a file over HTTP. Resumes a partial download, of an earlier process too, with a range request that the server
 * honours only for the same version of the file. Broken, stalled and refused (408, 429, 5xx) transfers are retried. Throws
 * DOWNLOAD_FAILED, STORAGE_FULL, STORAGE_DENIED, or the signal's reason; the partial file then stays.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, destination, signal, retries = 5, pauseMs = 500 } = options;
  await makeFolder(dirname(destination));
  let fruitless = 0;
  let furthest = (await fileSize(partialPath(destination))) ?? 0;
  for (;;) {
    try {
      const continuedFrom = await transfer(options);
      await verify(options, continuedFrom);
      await moveIntoPlace(destination);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Transient)) throw error;
      const after = (await fileSize(partialPath(destination))) ?? 0;
      // Progress is only what no attempt had received before; restarting the file repeatedly is none.
      fruitless = after > furthest ? 0 : fruitless + 1;
      furthest = Math.max(furthest, after);
      if (fruitless > retries)
        throw new ToolkitError('DOWNLOAD_FAILED', { url, reason: error.message }, { cause: error });
      await delay(pauseMs * 2 ** Math.max(0, fruitless - 1), undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
    }
  }
}

async function moveIntoPlace(destination: string): Promise<void> {
  try {
    await rename(partialPath(destination), destination);
    await rm(statePath(destination), { force: true });
  } catch (error) {
    throw storageError(error, destination);
  }
}

/**
 * Checks the hash, and deletes the partial file if it is wrong. A resumed file may mix two versions, so it is downloaded again from
 * the start; a file that came in one piece is not the expected one.
 */
async function verify(options: DownloadOptions, continuedFrom: number): Promise<void> {
  const { url, destination, sha256, signal } = options;
  if (sha256 === undefined) return;
  const found = await sha256OfFile(partialPath(destination), signal);
  if (found === sha256) return;
  await rm(partialPath(destination), { force: true });
  const reason = `SHA-256 is ${found}, expected ${sha256}`;
  throw continuedFrom > 0 ? new Transient(reason) : new ToolkitError('DOWNLOAD_FAILED', { url, reason });
}

const partialPath = (destination: string): string => `${destination}.partial`;
const statePath = (destination: string): string => `${destination}.partial.json`;

/** Makes one request; returns the offset at which it resumed. */
async function transfer(options: DownloadOptions): Promise<number> {
  const { url, destination, signal, maxBytes, onProgress, stallMs = 30_000 } = options;
  const offset = await resumableBytes(options);
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    stalled.abort(new Transient(`no data for ${stallMs / 1000} s`));
  }, stallMs);
  try {
    const cancelled = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal;
    const response = await request(url, destination, offset, cancelled);
    if (response === 'complete') return offset;
    const start = response.status === 206 ? offset : 0;
    const total = totalBytes(response);
    if (total !== undefined && total > maxBytes) throw await tooLarge(options);

    const file = await openPartial(destination, start);
    let received = start;
    try {
      // Only after the file is emptied: old bytes must never count as part of the new version.
      if (start === 0) await rememberState(destination, url, response);
      onProgress?.(received, total);
      for await (const chunk of bodyOf(response)) {
        timer.refresh();
        received += chunk.length;
        if (received > maxBytes) throw await tooLarge(options);
        await append(file, chunk, destination);
        onProgress?.(received, total);
      }
    } finally {
      await file.close();
    }
    if (total !== undefined && received !== total) {
      throw new Transient(`the connection ended after ${received} of ${total} bytes`);
    }
    return start;
  } finally {
    clearTimeout(timer);
  }
}

/** The number of bytes of this file that are already downloaded. */
async function resumableBytes({ destination, url, sha256 }: DownloadOptions): Promise<number> {
  const size = (await fileSize(partialPath(destination))) ?? 0;
  if (sha256 !== undefined) return size;
  const state = await readState(destination);
  return state?.url === url && state.validator !== undefined ? size : 0;
}

async function readState(destination: string): Promise<PartialState | undefined> {
  try {
    return JSON.parse(await readFile(statePath(destination), 'utf8')) as PartialState;
  } catch {
    return undefined;
  }
}

async function rememberState(destination: string, url: string, response: Response): Promise<void> {
  try {
    const state = { url, validator: validatorOf(response) } satisfies PartialState;
    await writeFile(statePath(destination), JSON.stringify(state));
  } catch (error) {
    throw storageError(error, statePath(destination));
  }
}

/** The validator that identifies a version of the file; undefined if the response has none. */
function validatorOf(response: Response): string | undefined {
  // Ranges count bytes as sent, so a response that fetch has decoded cannot be resumed.
  if (isEncoded(response)) return undefined;
  const etag = response.headers.get('etag');
  // A weak validator does not guarantee the same bytes, so range requests must not use it (RFC 9110, 13.1.5).
  return (etag?.startsWith('W/') ? undefined : etag) ?? response.headers.get('last-modified') ?? undefined;
}

const isEncoded = ({ headers }: Response): boolean =>
  !['', 'identity'].includes(headers.get('content-encoding') ?? '');

/** The size of the whole file, if the server reports it; a range may be shorter. */
function totalBytes(response: Response): number | undefined {
  const { headers, status } = response;
  const text =
    status === 206 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length');
  return text === null || text === undefined || isEncoded(response) ? undefined : Number(text);
}

async function request(
  url: string,
  destination: string,
  offset: number,
  signal: AbortSignal,
): Promise<Response | 'complete'> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', connection: 'close' };
  const state = offset > 0 ? await readState(destination) : undefined;
  const validator = state?.url === url ? state.validator : undefined;
  if (offset > 0) headers['range'] = `bytes=${offset}-`;
  if (validator !== undefined) headers['if-range'] = validator;
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    throw asTransient(error);
  });
  if (response.status === 200) return response;
  // A server that does not know If-Range may send a range of another version.
  const isSameVersion = validator === undefined || [undefined, validator].includes(validatorOf(response));
  if (response.status === 206 && rangeStart(response) === offset && isSameVersion) return response;
  await response.body?.cancel();
  if (response.status === 416 && rangeTotal(response) === offset) return 'complete';
  if (response.status === 206 || response.status === 416) {
    await rm(partialPath(destination), { force: true });
    throw new Transient('the server sent a different range than requested');
  }
  const reason = `the server answered ${response.status} ${response.statusText}`.trim();
  if ([408, 429].includes(response.status) || response.status >= 500) throw new Transient(reason);
  throw new ToolkitError('DOWNLOAD_FAILED', { url, reason });
}

const rangeStart = (response: Response): number =>
  Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);

const rangeTotal = (response: Response): number =>
  Number(/^bytes \*\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  try {
    for await (const chunk of response.body) yield chunk as Uint8Array;
  } catch (error) {
    throw asTransient(error);
  }
}

async function openPartial(destination: string, start: number): Promise<FileHandle> {
  try {
    return await open(partialPath(destination), start > 0 ? 'a' : 'w');
  } catch (error) {
    throw storageError(error, partialPath(destination));
  }
}

async function append(file: FileHandle, chunk: Uint8Array, destination: string): Promise<void> {
  try {
    await file.writeFile(chunk);
  } catch (error) {
    throw storageError(error, partialPath(destination));
  }
}

/** Unwraps network errors: fetch reports all of them as "fetch failed", with the reason as the cause. */
function asTransient(error: unknown): Error {
  if (error instanceof Transient || error instanceof ToolkitError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = systemCodeOf(cause);
  // System error codes are clearer than their messages; the codes of the HTTP client (UND_ERR_SOCKET) are not.
  return new Transient(code === undefined || code.startsWith('UND_') ? messageOf(cause) : code);
}

/** Deletes the partial file too: no later attempt can use it. */
async function tooLarge({ url, destination, maxBytes }: DownloadOptions): Promise<ToolkitError> {
  await rm(partialPath(destination), { force: true });
  await rm(statePath(destination), { force: true });
  const reason = `larger than the ${maxBytes} bytes allowed`;
  return new ToolkitError('DOWNLOAD_FAILED', { url, reason });
}
