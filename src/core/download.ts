import { open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { messageOf, systemCodeOf, ToolkitError } from './errors.js';
import { fileSize, makeFolder, storageError } from './files.js';
import { sha256OfFile } from './hashing.js';

export interface DownloadOptions {
  url: string;
  /** Where the file is to lie; until it is complete, its bytes are in `<destination>.partial`. */
  destination: string;
  /** A download that grows past this many bytes is refused. */
  maxBytes: number;
  /** What the complete file must hash to. Known, it lets a partial file be continued whatever the server says of it. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Called as bytes arrive; `total` is undefined until the server sends it. */
  onProgress?: (received: number, total: number | undefined) => void;
  /** How often a broken transfer is taken up again without having got any further. */
  retries?: number;
  /** A transfer that brings nothing for so long is broken off and taken up again. */
  stallMs?: number;
  /** The pause before the first new try; it doubles from try to try. */
  pauseMs?: number;
}

/** What the server reported about the partial file, so that a later process can tell whether it is still the same file. */
interface PartialState {
  url: string;
  validator: string | undefined;
}

/** A failure that another try may mend. */
class Transient extends Error {}

/**
 * Fetches a file over HTTP, and continues where an earlier try, or an earlier process, stopped: with a range request that
 * the server honours only for the same version of the file. Broken, stalled and refused (408, 429, 5xx) transfers are
 * tried again. Throws DOWNLOAD_FAILED, STORAGE_FULL, STORAGE_DENIED, or the signal's reason; the partial file then stays.
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
      // Only what no try had got to before is progress: a file that has to be begun anew again and again makes none.
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
 * A wrong hash costs the partial file. Where it was continued, parts of two versions may have met in it, and another try
 * from the start may be right; where it came in one piece, it is not the file that was meant.
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

/** One request; returns from which byte on it continued an earlier one. */
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
      // Not before the file is emptied: the old bytes must never be taken for a part of the new version.
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

/** How much of this very file is there already. */
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

/** What tells one version of the file from another; undefined where the answer does not say. */
function validatorOf(response: Response): string | undefined {
  // Ranges count the bytes as they were sent, so what fetch has decoded cannot be continued.
  if (isEncoded(response)) return undefined;
  const etag = response.headers.get('etag');
  // A weak validator does not promise the same bytes, so a range must not be asked for by it (RFC 9110, 13.1.5).
  return (etag?.startsWith('W/') ? undefined : etag) ?? response.headers.get('last-modified') ?? undefined;
}

const isEncoded = ({ headers }: Response): boolean =>
  !['', 'identity'].includes(headers.get('content-encoding') ?? '');

/** How long the whole file is, where the server says it. A range may end before the file does. */
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
    throw new Transient('the server answered with another part of the file than was asked for');
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

/** fetch reports every failure of the network as "fetch failed", with what happened as its cause. */
function asTransient(error: unknown): Error {
  if (error instanceof Transient || error instanceof ToolkitError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = systemCodeOf(cause);
  // The system's codes say more than its messages; those of the HTTP client (UND_ERR_SOCKET) mean nothing to people.
  return new Transient(code === undefined || code.startsWith('UND_') ? messageOf(cause) : code);
}

/** What arrived of a file that is refused for its size is of no use to any later try. */
async function tooLarge({ url, destination, maxBytes }: DownloadOptions): Promise<ToolkitError> {
  await rm(partialPath(destination), { force: true });
  await rm(statePath(destination), { force: true });
  const reason = `larger than the ${maxBytes} bytes allowed`;
  return new ToolkitError('DOWNLOAD_FAILED', { url, reason });
}
