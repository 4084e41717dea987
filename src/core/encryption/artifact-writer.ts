import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

import { CHUNK_BYTES, chunksOf, NONCE_BYTES, payloadKey, SEALED_CHUNK_BYTES, sealChunk } from './payload.js';
import { currentKeyring } from './session.js';

/** Writes a file of this toolkit from its beginning to its end, encrypted where the keyring says so. Throws system errors. */
export interface ArtifactWriter {
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Completes the file and flushes it to the disk.
   *
   * @param start replaces the first bytes, such as a header that holds a count
   */
  finish(start?: Uint8Array): Promise<void>;
  /** Closes the file; an unfinished one is useless. */
  close(): Promise<void>;
}

export interface WriterOptions {
  flags?: 'w' | 'wx';
  mode?: number | undefined;
  /** Whether it stays in plaintext, whatever the keyring says: it must be readable without a key, and holds nothing to hide. */
  isPublic?: boolean;
}

/** Creates a file to write. Throws system errors, and ENCRYPTION_REFUSED or IDENTITY_INVALID for unusable keys. */
export async function createArtifact(path: string, options: WriterOptions = {}): Promise<ArtifactWriter> {
  const { flags = 'w', mode, isPublic = false } = options;
  const keyring = currentKeyring();
  const sealed = !isPublic && keyring.encrypts ? await keyring.seal() : undefined;
  const file = await open(path, flags, mode);
  try {
    // The umask may have removed the owner's permissions.
    if (mode !== undefined) await file.chmod(mode);
  } catch (error) {
    await file.close();
    throw error;
  }
  if (!sealed) return new PlainWriter(file);
  const nonce = randomBytes(NONCE_BYTES);
  const beginning = Buffer.concat([sealed.header, nonce]);
  return new SealedWriter(fileSink(file), beginning, payloadKey(sealed.fileKey, nonce));
}

/** Encrypts bytes as an age file in memory. */
export async function sealBytes(bytes: Uint8Array, keyring = currentKeyring()): Promise<Buffer> {
  const { header, fileKey } = await keyring.seal();
  const nonce = randomBytes(NONCE_BYTES);
  const start = header.length + NONCE_BYTES;
  const chunks = chunksOf(bytes.length);
  const whole = Buffer.alloc(start + bytes.length + chunks * (SEALED_CHUNK_BYTES - CHUNK_BYTES));
  const sink: Sink = {
    write(part, position) {
      whole.set(part, position);
      return Promise.resolve();
    },
    sync: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const writer = new SealedWriter(sink, Buffer.concat([header, nonce]), payloadKey(fileKey, nonce));
  await writer.write(bytes);
  await writer.finish();
  return whole;
}

class PlainWriter implements ArtifactWriter {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#file.writeFile(bytes);
  }

  async finish(start?: Uint8Array): Promise<void> {
    if (start) await this.#file.write(start, 0, start.length, 0);
    await this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

interface Sink {
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

function fileSink(file: FileHandle): Sink {
  return {
    async write(bytes, position) {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
        written += bytesWritten;
      }
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** How many chunks are written at a time. */
const TOGETHER = 16;

/**
 * Encrypts as it writes. The first chunk is encrypted last, when what it begins with is known: the same place is never encrypted twice with
 * different bytes, which would betray the key stream.
 */
class SealedWriter implements ArtifactWriter {
  readonly #sink: Sink;
  readonly #beginning: Buffer;
  readonly #key: Buffer;
  readonly #held = Buffer.allocUnsafeSlow(TOGETHER * CHUNK_BYTES);
  readonly #sealed = Buffer.allocUnsafeSlow(TOGETHER * SEALED_CHUNK_BYTES);
  #length = 0;
  #chunks = 0;
  /** The first chunk, once another follows. */
  #first: Buffer | undefined;
  #isFinished = false;

  constructor(sink: Sink, beginning: Buffer, key: Buffer) {
    this.#sink = sink;
    this.#beginning = beginning;
    this.#key = key;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#requireUnfinished();
    for (let start = 0; start < bytes.length;) {
      // Only what is not the end is flushed: the last chunk has a mark, and may not be empty.
      if (this.#length === this.#held.length) await this.#flush(false);
      const part = bytes.subarray(start, start + this.#held.length - this.#length);
      this.#held.set(part, this.#length);
      this.#length += part.length;
      start += part.length;
    }
  }

  async finish(start?: Uint8Array): Promise<void> {
    this.#requireUnfinished();
    this.#isFinished = true;
    const beginning = this.#first ?? this.#held;
    if (start && start.length > Math.min(CHUNK_BYTES, this.#first ? CHUNK_BYTES : this.#length)) {
      throw new Error('only the first bytes of a file can be replaced');
    }
    if (start) beginning.set(start);
    await this.#flush(true);
    if (this.#first) await this.#put([{ index: 0, isLast: false, content: this.#first }]);
    await this.#sink.write(this.#beginning, 0);
    await this.#sink.sync();
  }

  close(): Promise<void> {
    return this.#sink.close();
  }

  #requireUnfinished(): void {
    if (this.#isFinished) throw new Error('the file is finished already');
  }

  async #flush(isEnd: boolean): Promise<void> {
    const parts = Array.from({ length: chunksOf(this.#length) }, (_, at, index = this.#chunks + at) => ({
      index,
      isLast: isEnd && at === chunksOf(this.#length) - 1,
      content: this.#held.subarray(at * CHUNK_BYTES, Math.min((at + 1) * CHUNK_BYTES, this.#length)),
    }));
    this.#chunks += parts.length;
    this.#length = 0;
    const [first] = parts;
    if (first?.index === 0 && !first.isLast) {
      this.#first = Buffer.from(first.content);
      parts.shift();
    }
    await this.#put(parts);
  }

  /** Encrypts consecutive chunks, and writes them to their place. */
  async #put(parts: readonly { index: number; isLast: boolean; content: Uint8Array }[]): Promise<void> {
    let length = 0;
    for (const part of parts)
      length += sealChunk(this.#key, part, part.content, this.#sealed.subarray(length));
    const [first] = parts;
    if (!first) return;
    const position = this.#beginning.length + first.index * SEALED_CHUNK_BYTES;
    await this.#sink.write(this.#sealed.subarray(0, length), position);
  }
}
