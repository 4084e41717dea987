import { openPromise, type Entry, type ZipFile } from 'yauzl';

import { unpackError, corruptError } from '../../../core/files.js';
import { printable } from '../../rejection.js';
import { MAX_NPY_HEADER_BYTES, parseNpyHeader, type NpyHeader } from './npy.js';

const MAX_MEMBERS = 64;
/** Images do not compress further; deflate itself reaches about 1000. */
const MAX_RATIO = 200;
const SMALL_BYTES = 16 * 2 ** 20;

/** An array of an archive: its header, and a stream of its bytes. */
export interface NpzArray {
  /** Its name in messages. */
  path: string;
  header: NpyHeader;
  read(): AsyncGenerator<Buffer>;
}

/** Arrays by name; none is held in memory. */
export interface ArraySource {
  readonly names: string[];
  /** An array by name, or undefined. Throws DATA_CORRUPT if its length does not match its header. */
  array(name: string): Promise<NpzArray | undefined>;
  close(): void;
}

/** The arrays of a NumPy archive (.npz). */
export class NpzArchive implements ArraySource {
  readonly #zip: ZipFile;
  readonly #path: string;
  readonly #members: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, path: string, members: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#path = path;
    this.#members = members;
  }

  /** Throws DATA_CORRUPT or DATA_UNREADABLE. */
  static async open(path: string): Promise<NpzArchive> {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
      throw unpackError(error, path);
    });
    try {
      const members = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (members.size === MAX_MEMBERS) throw new Error(`more than ${MAX_MEMBERS} arrays`);
        if (members.has(entry.fileName))
          throw new Error(`two arrays are called ${printable(entry.fileName)}`);
        members.set(entry.fileName, entry);
      }
      return new NpzArchive(zip, path, members);
    } catch (error) {
      zip.close();
      throw unpackError(error, path);
    }
  }

  get names(): string[] {
    return [...this.#members.keys()].map((name) => name.replace(/\.npy$/, ''));
  }

  /** An array by name, or undefined. Throws DATA_CORRUPT if its length does not match its header. */
  async array(name: string): Promise<NpzArray | undefined> {
    const entry = this.#members.get(`${name}.npy`);
    if (!entry) return undefined;
    const path = `${this.#path}/${entry.fileName}`;
    const { uncompressedSize, compressedSize } = entry;
    if (uncompressedSize > SMALL_BYTES && uncompressedSize > MAX_RATIO * compressedSize) {
      throw corruptError(
        path,
        `${compressedSize} bytes that unpack to ${uncompressedSize}, too much for images`,
      );
    }
    const header = await this.#header(entry, path);
    if (header.fileBytes !== uncompressedSize) {
      throw corruptError(path, `${uncompressedSize} bytes, but its header says ${header.fileBytes}`);
    }
    return { path, header, read: () => this.#read(entry, path, header.headerBytes) };
  }

  close(): void {
    this.#zip.close();
  }

  async #header(entry: Entry, path: string): Promise<NpyHeader> {
    let start: Buffer = Buffer.alloc(0);
    for await (const chunk of this.#read(entry, path, 0)) {
      start = Buffer.concat([start, chunk.subarray(0, MAX_NPY_HEADER_BYTES)]);
      const header = parseNpyHeader(start, path);
      if (header) return header;
    }
    throw corruptError(path, 'ends within its header');
  }

  async *#read(entry: Entry, path: string, from: number): AsyncGenerator<Buffer> {
    let skipped = 0;
    let total = 0;
    try {
      const stream = await this.#zip.openReadStreamPromise(entry);
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          total += chunk.length;
          const rest = chunk.subarray(Math.min(chunk.length, from - skipped));
          skipped += chunk.length - rest.length;
          if (rest.length > 0) yield rest;
        }
      } finally {
        stream.destroy();
      }
    } catch (error) {
      throw unpackError(error, path);
    }
    if (total !== entry.uncompressedSize)
      throw corruptError(path, `ends after ${total} of ${entry.uncompressedSize} bytes`);
  }
}
