import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import { isFairShare } from '../fair-share.js';

/** How a line begins, as `encodeFeedback` writes it: the time, and whose label it is. */
const CALLER = /^\{"time":"[^"]{0,64}","caller":"([^"]{1,200})"/;
const BEGINNING = 300;

/** How much of the feedback file each caller has filled. */
export class FeedbackShares {
  readonly #bytes = new Map<string, number>();
  #size = 0;

  /**
   * Counts anew where the file is not what was counted: at first, and after somebody has moved or changed it. Whose an encrypted line of an
   * earlier server is, nobody can see who has no key; it counts as that of others.
   */
  async follow(path: string, size: number): Promise<void> {
    if (size === this.#size) return;
    this.#bytes.clear();
    this.#size = size;
    if (size === 0) return;
    const lines = createInterface({
      input: createReadStream(path, { encoding: 'utf8' }),
      crlfDelay: Infinity,
    });
    for await (const line of lines) {
      const caller = CALLER.exec(line.slice(0, BEGINNING))?.[1];
      if (caller !== undefined) this.#count(caller, Buffer.byteLength(line) + 1);
    }
  }

  /** Whether a caller may add some bytes to a file of so many at most. */
  allows(caller: string, bytes: number, maxBytes: number): boolean {
    const own = this.#bytes.get(caller) ?? 0;
    return isFairShare(own + bytes, this.#size - own, maxBytes);
  }

  /** Counts what was added to the file. */
  add(caller: string | undefined, bytes: number): void {
    if (caller !== undefined) this.#count(caller, bytes);
    this.#size += bytes;
  }

  #count(caller: string, bytes: number): void {
    this.#bytes.set(caller, (this.#bytes.get(caller) ?? 0) + bytes);
  }
}
