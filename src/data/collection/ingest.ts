import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import {
  MAX_HEADER_BYTES,
  parseIdxHeader,
  wrongLength,
  type IdxContent,
  type IdxHeader,
} from '../../artifacts/idx.js';
import { createArtifact, type ArtifactWriter } from '../../core/encryption/artifact-writer.js';
import { systemCodeOf, ToolkitError } from '../../core/errors.js';
import { fileSize, storageError, unpackError, corruptError } from '../../core/files.js';
import type { PinnedFile, PublishedFile } from '../datasets/dataset.js';
import { isGzipped } from './archives/gzip.js';

/** Images do not compress further; a file that does is meant to fill the disk. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 64 * 2 ** 20;

export interface IngestOptions {
  /** An IDX file, gzipped or not. */
  path: string;
  /** Its name in messages: its path or web address. */
  name: string;
  content: IdxContent;
  /** The path of the uncompressed copy. */
  destination: string;
  /** The expected hash and size of the uncompressed file of a published data set. */
  pinned?: PublishedFile | undefined;
  signal: AbortSignal;
}

/**
 * Copies an IDX file, unpacks it if it is gzipped, and checks it while copying: header, exact length, and the pinned size and hash.
 * Memory use is constant, and nothing is written beyond the length in the header.
 *
 * Throws DATA_UNREADABLE, DATA_CORRUPT, DATA_REFUSED, STORAGE_FULL or STORAGE_DENIED; the copy is then removed.
 */
export async function ingestIdx(options: IngestOptions): Promise<PinnedFile> {
  const { path, name, destination, pinned, signal } = options;
  try {
    const gzip = await isGzipped(path);
    const limit =
      gzip && !pinned ? Math.max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * ((await fileSize(path)) ?? 0)) : Infinity;
    const writer = new CheckedWriter(await openForWriting(destination), options, limit);
    try {
      await copy(path, gzip, writer, signal);
      await writer.finish();
    } catch (error) {
      signal.throwIfAborted();
      throw unpackError(error, name);
    } finally {
      await writer.close();
    }
    const found = writer.result();
    if (pinned) refuseOther(found, pinned, name);
    return found;
  } catch (error) {
    // A failed removal must not hide the original error.
    await rm(destination, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function openForWriting(path: string): Promise<ArtifactWriter> {
  try {
    return await createArtifact(path);
  } catch (error) {
    throw storageError(error, path);
  }
}

async function copy(path: string, gzip: boolean, writer: CheckedWriter, signal: AbortSignal): Promise<void> {
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  const gunzip = gzip ? createGunzip() : undefined;
  let refusal: unknown;
  const write = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      await writer.write(chunk).catch((error: unknown) => {
        refusal = error;
        throw error;
      });
    }
  };
  const copying = gunzip ? pipeline(source, gunzip, write, { signal }) : pipeline(source, write, { signal });
  await copying.catch((error: unknown) => {
    // A pipeline whose last part fails may report only the abort of the others. So may one whose gzip data end before its source:
    // what follows them is refused below, and what is missing by the writer.
    const cause: unknown = refusal ?? error;
    const isEarlyEnd = gunzip !== undefined && systemCodeOf(cause) === 'ABORT_ERR' && !signal.aborted;
    if (!isEarlyEnd) throw cause;
  });
  if (gunzip && gunzip.bytesWritten !== source.bytesRead) {
    throw new Error(`${source.bytesRead - gunzip.bytesWritten} bytes follow the end of the gzip data`);
  }
}

function refuseOther(found: PublishedFile, pinned: PublishedFile, path: string): void {
  for (const [key, what] of [
    ['bytes', 'size'],
    ['sha256', 'SHA-256'],
  ] as const) {
    if (pinned[key] === undefined || found[key] === pinned[key]) continue;
    const details = { path, what, expected: String(pinned[key]), found: String(found[key]) };
    throw new ToolkitError('DATA_REFUSED', details);
  }
}

/** Writes a file while parsing its IDX header, and refuses data beyond the length in the header. */
class CheckedWriter {
  readonly #file: ArtifactWriter;
  readonly #options: IngestOptions;
  readonly #limit: number;
  readonly #hash = createHash('sha256');
  #start = Buffer.alloc(0);
  #header: IdxHeader | undefined;
  #bytes = 0;

  /** @param limit the largest size that the header may claim */
  constructor(file: ArtifactWriter, options: IngestOptions, limit: number) {
    this.#limit = limit;
    this.#file = file;
    this.#options = options;
  }

  async write(chunk: Buffer): Promise<void> {
    this.#bytes += chunk.length;
    if (!this.#header) {
      this.#start = Buffer.concat([this.#start, chunk.subarray(0, MAX_HEADER_BYTES)]);
      if (this.#start.length >= MAX_HEADER_BYTES) this.#readHeader();
    }
    if (this.#header && this.#bytes > this.#header.fileBytes) {
      throw wrongLength(this.#options.name, this.#header.fileBytes, this.#bytes);
    }
    this.#hash.update(chunk);
    try {
      await this.#file.write(chunk);
    } catch (error) {
      throw storageError(error, this.#options.destination);
    }
  }

  async finish(): Promise<void> {
    const header = this.#header ?? this.#readHeader();
    if (this.#bytes !== header.fileBytes)
      throw wrongLength(this.#options.name, header.fileBytes, this.#bytes);
    await this.#file.finish();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  result(): PinnedFile {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  #readHeader(): IdxHeader {
    const { content, name, pinned } = this.#options;
    const header = parseIdxHeader(this.#start, content, name);
    if (header.fileBytes > this.#limit) {
      const { fileBytes } = header;
      throw corruptError(
        name,
        `its header claims ${fileBytes} bytes, too many for a gzipped file of its size`,
      );
    }
    // A header with a different size is refused before gigabytes are unpacked.
    if (pinned && header.fileBytes !== pinned.bytes) {
      refuseOther({ ...pinned, bytes: header.fileBytes }, pinned, name);
    }
    this.#header = header;
    return header;
  }
}
