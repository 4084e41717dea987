import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

import { z } from 'zod';

import { ToolkitError, systemCodeOf } from '../core/errors.js';
import { makeFolder, storageError } from '../core/files.js';
import { sha256 } from '../core/hashing.js';
import { withLock } from '../core/lock.js';
import { complaintOf } from '../core/validation.js';

const recordSchema = z.strictObject({
  /** The place in the log, from 1. */
  sequence: z.int().min(1),
  at: z.iso.datetime(),
  /** Who did it: an account of this machine, or the name of an access token. */
  actor: z.string().max(200),
  action: z.string().max(100),
  /** What it was done to. */
  subject: z.string().max(1000),
  details: z.record(z.string(), z.union([z.string().max(2000), z.number(), z.boolean(), z.null()])),
  /** The SHA-256 of the line before, without its end; of the first line, zeros. */
  previous: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A line of the log. */
export type AuditRecord = z.infer<typeof recordSchema>;

/** What has to be said of something that is done. */
export type AuditEntry = Pick<AuditRecord, 'actor' | 'action' | 'subject' | 'details'>;

/** What an intact log holds. */
export interface AuditSummary {
  records: number;
  /** The hash of the last line: kept elsewhere, it shows later that nothing up to here was changed or cut off. */
  head: string;
}

/** The hash before the first line. */
const AUDIT_START = '0'.repeat(64);

/** More than any line has: the end of a log is read in one piece. */
const MAX_LINE_BYTES = 1 << 20;
const LOCK_WAIT_MS = 30_000;

/**
 * An append-only log in which every line holds the hash of the one before, so that a line that is changed, removed or put in
 * breaks the chain after it. What is about to be done is written first: nothing is done that is not in the log.
 */
export class AuditLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a line, flushed to the disk. Throws AUDIT_BROKEN, FOLDER_BUSY, STORAGE_DENIED or STORAGE_FULL. */
  async append(entry: AuditEntry): Promise<AuditRecord> {
    await makeFolder(dirname(this.path));
    return withLock(`${this.path}.lock`, { waitMs: LOCK_WAIT_MS }, async () => {
      try {
        return await this.#appendLocked(entry);
      } catch (error) {
        throw storageError(error, this.path);
      }
    });
  }

  /**
   * Reads the whole log and checks the chain. Throws AUDIT_BROKEN, with the first line that does not fit, and DATA_MISSING.
   *
   * @param expected a hash that must be in the chain: a former head
   */
  async verify(expected?: string): Promise<AuditSummary> {
    let head = AUDIT_START;
    let records = 0;
    let isFound = expected === undefined || expected === AUDIT_START;
    for await (const line of this.#lines()) {
      records++;
      this.#check(line, records, head);
      head = sha256(line);
      isFound ||= head === expected;
    }
    if (!isFound)
      throw this.#broken(records, `no line has the hash ${expected ?? ''}: the end was cut off or rewritten`);
    return { records, head };
  }

  /** The records, the oldest first, each as far as its own line is intact. Throws AUDIT_BROKEN or DATA_MISSING. */
  async read(): Promise<AuditRecord[]> {
    const records: AuditRecord[] = [];
    for await (const line of this.#lines()) records.push(this.#parse(line, records.length + 1));
    return records;
  }

  async #appendLocked(entry: AuditEntry): Promise<AuditRecord> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      const last = await this.#lastLine(file);
      const before = last === undefined ? 0 : this.#parse(last, undefined).sequence;
      const record = recordSchema.parse({
        sequence: before + 1,
        at: new Date().toISOString(),
        ...entry,
        previous: last === undefined ? AUDIT_START : sha256(last),
      });
      await file.appendFile(`${JSON.stringify(record)}\n`);
      await file.sync();
      return record;
    } finally {
      await file.close();
    }
  }

  /** The last whole line. What a write that was killed half-way left after it was never reported as done, and is cut off. */
  async #lastLine(file: FileHandle): Promise<string | undefined> {
    const { size } = await file.stat();
    const start = Math.max(0, size - MAX_LINE_BYTES);
    const tail = Buffer.alloc(size - start);
    await file.read(tail, 0, tail.length, start);
    const end = tail.lastIndexOf(0x0a);
    if (end + 1 < tail.length) await file.truncate(start + end + 1);
    if (end < 0) return undefined;
    return tail.toString('utf8', end === 0 ? 0 : tail.lastIndexOf(0x0a, end - 1) + 1, end);
  }

  async *#lines(): AsyncGenerator<string> {
    const stream = createReadStream(this.path, 'utf8');
    try {
      yield* createInterface({ input: stream, crlfDelay: Infinity });
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
      throw new ToolkitError('DATA_MISSING', { path: this.path, hint: 'nothing was deployed from here yet' });
    } finally {
      stream.destroy();
    }
  }

  #check(line: string, number: number, head: string): void {
    const { sequence, previous } = this.#parse(line, number);
    if (sequence !== number)
      throw this.#broken(number, `its number is ${sequence}: a line is missing or was put in`);
    if (previous !== head)
      throw this.#broken(number, 'it does not follow from the line before: one of them was changed');
  }

  #parse(line: string, number: number | undefined): AuditRecord {
    try {
      return recordSchema.parse(JSON.parse(line));
    } catch (error) {
      throw this.#broken(number, complaintOf(error));
    }
  }

  #broken(number: number | undefined, reason: string): ToolkitError {
    const line = number === undefined ? 'the last line' : `line ${number}`;
    return new ToolkitError('AUDIT_BROKEN', { path: this.path, line, reason });
  }
}

/** Who uses this program: the account that it runs under. */
export function currentActor(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run under numbers without a name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
