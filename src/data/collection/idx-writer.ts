import { createArtifact, type ArtifactWriter } from '../../core/encryption/artifact-writer.js';
import { storageError } from '../../core/files.js';

const UNSIGNED_BYTE = 0x08;
const BUFFER_BYTES = 1 << 20;

/** Writes an IDX file element by element; the count in the header is written at the end. */
export class IdxWriter {
  readonly path: string;
  readonly #file: ArtifactWriter;
  readonly #sides: readonly number[];
  readonly #itemBytes: number;
  readonly #headerBytes: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #count = 0;

  private constructor(path: string, file: ArtifactWriter, sides: readonly number[]) {
    this.path = path;
    this.#file = file;
    this.#sides = sides;
    this.#itemBytes = sides.reduce((product, side) => product * side, 1);
    this.#headerBytes = 8 + 4 * sides.length;
  }

  /**
   * Opens a new file. Throws a storage error.
   *
   * @param sides the dimensions of an element: height, width and, if there are several, channels; empty for labels
   */
  static async create(path: string, sides: readonly number[]): Promise<IdxWriter> {
    try {
      const writer = new IdxWriter(path, await createArtifact(path), sides);
      await writer.#file.write(writer.#header());
      return writer;
    } catch (error) {
      throw storageError(error, path);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Appends elements. Throws a storage error. */
  async append(items: Uint8Array): Promise<void> {
    this.#count += items.length / this.#itemBytes;
    if (this.#buffered + items.length > BUFFER_BYTES) await this.#flush();
    if (items.length > BUFFER_BYTES) return this.#write(items);
    this.#buffer.set(items, this.#buffered);
    this.#buffered += items.length;
  }

  /** Writes what is left and the header, and flushes the file to the disk. Throws a storage error. */
  async finish(): Promise<void> {
    await this.#flush();
    try {
      await this.#file.finish(this.#header());
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const length = this.#buffered;
    this.#buffered = 0;
    if (length > 0) await this.#write(this.#buffer.subarray(0, length));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.write(bytes);
    } catch (error) {
      throw storageError(error, this.path);
    }
  }

  #header(): Buffer {
    const header = Buffer.alloc(this.#headerBytes);
    header.set([0, 0, UNSIGNED_BYTE, 1 + this.#sides.length]);
    [this.#count, ...this.#sides].forEach((side, index) => header.writeUInt32BE(side, 4 + 4 * index));
    return header;
  }
}
