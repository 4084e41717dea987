import { open, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeFeedback, FEEDBACK_FILE, sealedLine, type FeedbackRecord } from '../../artifacts/feedback.js';
import { isAge, isArmored, MAGIC_BYTES } from '../../core/encryption/age-header.js';
import { sealBytes } from '../../core/encryption/artifact-writer.js';
import { currentKeyring } from '../../core/encryption/session.js';
import { isToolkitError } from '../../core/errors.js';
import { makeFolder, storageError } from '../../core/files.js';
import { HttpError } from '../http-errors.js';
import { Turns } from '../turns.js';
import { FeedbackShares } from './feedback-shares.js';

export interface FeedbackFileOptions {
  folder: string;
  /** The largest size of the file; what would go beyond it is refused. */
  maxBytes: number;
  /** Whether there may be several callers: none of them may then fill more than half of what the others leave. */
  isShared: boolean;
  /** Called when labels begin to be refused, and again if that happens after some were stored. */
  onFull: (reason: string) => void;
}

/** What is left to others on the disk. */
const RESERVED_BYTES = 64 * 2 ** 20;
/** How often the free space is looked up. */
const LOOK_EVERY_BYTES = 2 ** 20;
const LINE_END = 0x0a;

/** Keeps labelled images for the next training, a line each, in the order in which they came. */
export class FeedbackFile {
  readonly #options: FeedbackFileOptions;
  readonly #path: string;
  readonly #turns = new Turns(1);
  readonly #shares = new FeedbackShares();
  /** Callers who have filled their share, and of whom that was said. */
  readonly #greedy = new Set<string>();
  #isFull = false;
  /** How much may be written before the free space is looked up again. */
  #allowance = 0;
  /** The keys that the server was started with. */
  readonly #keyring = currentKeyring();

  constructor(options: FeedbackFileOptions) {
    this.#options = options;
    this.#path = join(options.folder, FEEDBACK_FILE);
  }

  /** Fulfilled when it is in the file. Throws FEEDBACK_FULL where it cannot be written. */
  append(record: FeedbackRecord): Promise<void> {
    return this.#turns.take(() => this.#write(record));
  }

  async #write(record: FeedbackRecord): Promise<void> {
    try {
      const line = await this.#encode(record);
      await makeFolder(this.#options.folder);
      const file = await open(this.#path, 'a+', 0o600);
      try {
        await this.#append(file, line, record.caller);
      } finally {
        await file.close();
      }
      this.#isFull = false;
    } catch (error) {
      const refusal = storageError(error, this.#path);
      throw isToolkitError(refusal) ? this.#full(refusal.message) : refusal;
    }
  }

  async #encode(record: FeedbackRecord): Promise<Buffer> {
    const line = Buffer.from(encodeFeedback(record));
    return this.#keyring.encrypts ? Buffer.from(sealedLine(await sealBytes(line, this.#keyring))) : line;
  }

  async #append(file: FileHandle, line: Buffer, caller: string | undefined): Promise<void> {
    const { size } = await file.stat();
    if (await isSealedWhole(file)) {
      throw this.#full(`${this.#path} is encrypted as a whole, and cannot be continued; move it away`);
    }
    await this.#requireShare(caller, line.length + 1, size);
    const { maxBytes } = this.#options;
    // One byte for the end of a line that a killed server left unfinished.
    if (size + line.length + 1 > maxBytes) {
      throw this.#full(`${this.#path} has reached its limit of ${Math.round(maxBytes / 2 ** 20)} MiB`);
    }
    await this.#requireSpace(line.length);
    const isWhole = size === 0 || (await lastByte(file, size)) === LINE_END;
    const added = isWhole ? line : Buffer.concat([Buffer.of(LINE_END), line]);
    try {
      await file.appendFile(added);
      this.#shares.add(caller, added.length);
    } catch (error) {
      // No half line is left before the next.
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
  }

  async #requireShare(caller: string | undefined, bytes: number, size: number): Promise<void> {
    const { isShared, maxBytes, onFull } = this.#options;
    if (!isShared || caller === undefined) return;
    await this.#shares.follow(this.#path, size);
    if (this.#shares.allows(caller, bytes, maxBytes)) {
      this.#greedy.delete(caller);
      return;
    }
    if (!this.#greedy.has(caller))
      onFull(`${caller} has filled the share of ${this.#path} that one caller may fill`);
    this.#greedy.add(caller);
    throw new HttpError('FEEDBACK_FULL', 'you have stored as much feedback as one caller may');
  }

  async #requireSpace(bytes: number): Promise<void> {
    if (this.#allowance < bytes) {
      const { bavail, bsize } = await statfs(this.#options.folder);
      if (bavail * bsize < RESERVED_BYTES + LOOK_EVERY_BYTES) {
        throw this.#full(`the disk of ${this.#path} is nearly full`);
      }
      this.#allowance = LOOK_EVERY_BYTES;
    }
    this.#allowance -= bytes;
  }

  #full(reason: string): HttpError {
    if (!this.#isFull) this.#options.onFull(reason);
    this.#isFull = true;
    this.#allowance = 0;
    return new HttpError('FEEDBACK_FULL');
  }
}

async function isSealedWhole(file: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  const start = buffer.subarray(0, bytesRead);
  return isAge(start) || isArmored(start);
}

async function lastByte(file: FileHandle, size: number): Promise<number> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0]!;
}
