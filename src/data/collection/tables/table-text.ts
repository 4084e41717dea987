import { isAscii } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { ToolkitError } from '../../../core/errors.js';
import { fileSize, unpackError } from '../../../core/files.js';
import { isGzipped } from '../archives/gzip.js';

/** As for archives: tables do not compress further. */
const MAX_RATIO = 100;
const ALWAYS_ALLOWED_BYTES = 8 * 2 ** 20;
const CHUNK_BYTES = 1 << 18;

/**
 * Streams the text of a table, gzipped or not, as UTF-8 bytes or strings. Detects UTF-8 and UTF-16 from the first bytes. Throws
 * SOURCE_REFUSED for other encodings, DATA_CORRUPT and DATA_UNREADABLE.
 */
export async function* tableText(path: string): AsyncGenerator<Buffer | string> {
  const limit = Math.max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * ((await fileSize(path)) ?? 0));
  const stream = await openBytes(path);
  let text: TextReader | undefined;
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLong(path, limit);
      text ??= new TextReader(encodingOf(chunk), path);
      yield text.read(chunk);
    }
    text?.end();
  } catch (error) {
    throw unpackError(error, path);
  } finally {
    stream.destroy();
  }
}

async function openBytes(path: string): Promise<Readable> {
  const isPacked = await isGzipped(path);
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!isPacked) return file;
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => file.destroy());
  return file.pipe(unpacked);
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** Detects the encoding by the byte-order mark or, for UTF-16 without one, by the zero byte of the first character. */
function encodingOf(start: Buffer): Encoding {
  const [first = 1, second = 1] = start;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return 'utf-8';
}

class TextReader {
  readonly #encoding: Encoding;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  readonly #path: string;
  /** Whether the last chunk may have ended inside a character. */
  #isOpen = false;

  constructor(encoding: Encoding, path: string) {
    this.#encoding = encoding;
    this.#decoder = new TextDecoder(encoding, { fatal: true });
    this.#path = path;
  }

  read(chunk: Buffer): Buffer | string {
    // Valid UTF-8 is passed on as bytes, which is faster.
    if (this.#encoding === 'utf-8' && !this.#isOpen && isAscii(chunk)) return chunk;
    const text = this.#decode(chunk, true);
    if (this.#encoding !== 'utf-8') return text;
    this.#isOpen = chunk[chunk.length - 1]! >= 0x80;
    return chunk;
  }

  end(): void {
    this.#decode(Buffer.alloc(0), false);
  }

  #decode(chunk: Buffer, stream: boolean): string {
    try {
      return this.#decoder.decode(chunk, { stream });
    } catch (error) {
      const reason =
        this.#encoding === 'utf-8'
          ? 'its text is not UTF-8; it may be in an older encoding such as Windows-1252'
          : 'it starts as UTF-16, but contains invalid UTF-16';
      const hint =
        'save it as UTF-8 ("CSV UTF-8" in Excel), or convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv';
      throw new ToolkitError('SOURCE_REFUSED', { path: this.#path, reason, hint }, { cause: error });
    }
  }
}

function tooLong(path: string, limit: number): ToolkitError {
  const reason = `it unpacks to more than ${limit} bytes, too much for a table`;
  return new ToolkitError('SOURCE_REFUSED', { path, reason, hint: 'unpack it yourself if you trust it' });
}
