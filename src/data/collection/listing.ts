import { createHash } from 'node:crypto';
import { basename } from 'node:path';

import { createArtifact, type ArtifactWriter } from '../../core/encryption/artifact-writer.js';
import { storageError } from '../../core/files.js';
import type { Rejection } from '../rejection.js';

/** The manifest entry of a listing. */
export interface ListedFile {
  name: string;
  bytes: number;
  sha256: string;
}

const BUFFER_CHARACTERS = 1 << 16;

/** A file of JSON objects, one per line. */
export class Listing {
  readonly #path: string;
  readonly #file: ArtifactWriter;
  readonly #hash = createHash('sha256');
  #first: Rejection | undefined;
  #text = '';
  #count = 0;
  #bytes = 0;

  private constructor(path: string, file: ArtifactWriter) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<Listing> {
    try {
      return new Listing(path, await createArtifact(path));
    } catch (error) {
      throw storageError(error, path);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** The first rejection, as an example. */
  get first(): Rejection | undefined {
    return this.#first;
  }

  async add(line: object): Promise<void> {
    if ('reason' in line) this.#first ??= line as Rejection;
    this.#count++;
    this.#text += `${JSON.stringify(line)}\n`;
    if (this.#text.length > BUFFER_CHARACTERS) await this.#flush();
  }

  /** Writes the rest, flushes the file to disk and closes it. */
  async finish(): Promise<ListedFile> {
    await this.#flush();
    await this.#file.finish();
    await this.#file.close();
    return { name: basename(this.#path), bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Closes the file of a failed import; may be called twice. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    try {
      await this.#file.write(bytes);
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }
}
