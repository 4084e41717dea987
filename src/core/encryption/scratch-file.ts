import { appendFile, readFile, rm } from 'node:fs/promises';

import { unsealBytes } from './artifact-file.js';
import { sealBytes } from './artifact-writer.js';
import { currentKeyring } from './session.js';

const LENGTH_BYTES = 8;

/**
 * A temporary file that grows by pieces and is read once. Where files are encrypted, each piece is an age file of its own, with its length
 * before it: an age file cannot be continued. Throws system errors.
 */
export class ScratchFile {
  readonly path: string;
  readonly #isSealed = currentKeyring().encrypts;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a piece. */
  async append(piece: Uint8Array): Promise<void> {
    if (!this.#isSealed) return appendFile(this.path, piece);
    const sealed = await sealBytes(piece);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeBigUInt64BE(BigInt(sealed.length));
    await appendFile(this.path, Buffer.concat([length, sealed]));
  }

  /** All pieces in one, in the order in which they came. */
  async read(): Promise<Buffer> {
    const file = await readFile(this.path);
    if (!this.#isSealed) return file;
    const pieces: Buffer[] = [];
    for (let at = 0; at < file.length;) {
      const length = Number(file.readBigUInt64BE(at));
      const start = at + LENGTH_BYTES;
      pieces.push(await unsealBytes(file.subarray(start, start + length), this.path));
      at = start + length;
    }
    return Buffer.concat(pieces);
  }

  async remove(): Promise<void> {
    await rm(this.path);
  }
}
