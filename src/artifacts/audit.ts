import { open, type FileHandle } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

import { z } from 'zod';

import { ToolkitError, systemCodeOf } from '../core/errors.js';
import { makeFolder, storageError } from '../core/files.js';
import { sha256 } from '../core/hashing.js';
import { withLock } from '../core/lock.js';
import { complaintOf } from '../core/validation.js';
import { headPath, readHead, writeHead, type AuditHead } from './log/head.js';
import { linesOf, LineTooLongError } from './log/lines.js';

const LIMITS = { actor: 200, action: 100, subject: 1000, text: 2000 } as const;

const recordSchema = z.strictObject({
  /** The number of the line, from 1. */
  sequence: z.int().min(1),
  at: z.iso.datetime(),
  /** The system account or access token that made the change. */
  actor: z.string().max(LIMITS.actor),
  action: z.string().max(LIMITS.action),
  /** The object of the action. */
  subject: z.string().max(LIMITS.subject),
  details: z.record(z.string(), z.union([z.string().max(LIMITS.text), z.number(), z.boolean(), z.null()])),
  /** The SHA-256 of the previous line without its line end; zeros in the first line. */
  previous: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A line of the log. */
export type AuditRecord = z.infer<typeof recordSchema>;

/** The fields of a new record. */
export type AuditEntry = Pick<AuditRecord, 'actor' | 'action' | 'subject' | 'details'>;

/** A line with its hash. */
export interface AuditLine {
  record: AuditRecord;
  /** The SHA-256 of the line without its line end. */
  hash: string;
}

/** The summary of an intact log. */
export interface AuditSummary {
  records: number;
  /** The hash of the last line. Stored elsewhere, it proves later that no line up to it was changed or removed. */
  head: string;
}

/** The hash before the first line. */
const AUDIT_START = '0'.repeat(64);

/** Longer than any line. The end of a log is read in one piece. */
const MAX_LINE_BYTES = 1 << 20;
const LOCK_WAIT_MS = 30_000;

/**
 * An append-only log in which every line holds the hash of the previous one, so that changing, removing or inserting a line breaks
 * the hash chain. A second file records the last line, so that truncation is detected. A change is logged before it is made.
 */
export class AuditLog {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Appends a record and flushes it to disk; long texts are truncated. Throws AUDIT_BROKEN, FOLDER_BUSY, STORAGE_DENIED or
   * STORAGE_FULL.
   */
  async append(entry: AuditEntry): Promise<AuditLine> {
    await makeFolder(dirname(this.path));
    return this.#locked(() => this.#appendLocked(withinLimits(entry)));
  }

  /** Records that the change of a line was made. Throws AUDIT_BROKEN, FOLDER_BUSY, STORAGE_DENIED or STORAGE_FULL. */
  settle({ record: { sequence } }: AuditLine): Promise<void> {
    return this.#locked(async () => {
      const head = await readHead(this.path);
      if (head && head.settled < sequence) await writeHead(this.path, { ...head, settled: sequence });
    });
  }

  /** The number of the last line whose change was made. Throws AUDIT_BROKEN. */
  async settled(): Promise<number> {
    return (await readHead(this.path))?.settled ?? 0;
  }

  /**
   * Verifies the hash chain and the recorded last line. Throws AUDIT_BROKEN, which names the first invalid line, and DATA_MISSING.
   *
   * @param expected a hash that must occur in the chain: an earlier head
   */
  async verify(expected?: string): Promise<AuditSummary> {
    let head = AUDIT_START;
    let records = 0;
    let isFound = expected === undefined || expected === AUDIT_START;
    for await (const { hash } of this.verifiedLines()) {
      records++;
      head = hash;
      isFound ||= hash === expected;
    }
    if (!isFound)
      throw this.#broken(records, `no line has the hash ${expected ?? ''}: the end was cut off or rewritten`);
    return { records, head };
  }

  /**
   * Yields the lines, the oldest first, each verified against the previous one, with its text. Throws AUDIT_BROKEN or DATA_MISSING.
   */
  async *verifiedLines(): AsyncGenerator<AuditLine & { text: string }> {
    const before = await readHead(this.path);
    let previous = AUDIT_START;
    let count = 0;
    for await (const text of this.#lines()) {
      const record = this.#check(text, ++count, previous);
      previous = sha256(text);
      if (count === before?.sequence && previous !== before.hash)
        throw this.#broken(count, `it is not the line that ${headPath(this.path)} recorded`);
      yield { record, hash: previous, text };
    }
    if (before && count < before.sequence) throw this.#cut(before, count);
    // Other processes may have appended lines in the meantime, and a killed one leaves one line beyond the head.
    const after = await readHead(this.path);
    if (after && count > after.sequence + 1)
      throw this.#broken(after.sequence + 2, `${headPath(this.path)} ends before it: it was added otherwise`);
  }

  /** Reads the records, the oldest first, without verifying the hash chain. Throws AUDIT_BROKEN or DATA_MISSING. */
  async read(): Promise<AuditRecord[]> {
    const records: AuditRecord[] = [];
    for await (const line of this.#lines()) records.push(this.#parse(line, records.length + 1));
    return records;
  }

  #locked<Result>(action: () => Promise<Result>): Promise<Result> {
    return withLock(`${this.path}.lock`, { waitMs: LOCK_WAIT_MS }, async () => {
      try {
        return await action();
      } catch (error) {
        throw storageError(error, this.path);
      }
    });
  }

  async #appendLocked(entry: AuditEntry): Promise<AuditLine> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      const last = await this.#lastLine(file);
      const before = last === undefined ? undefined : this.#parse(last, undefined);
      const previous = last === undefined ? AUDIT_START : sha256(last);
      const settled = await this.#requireHead(before, previous);
      const record = recordSchema.parse({
        sequence: (before?.sequence ?? 0) + 1,
        at: new Date().toISOString(),
        ...entry,
        previous,
      });
      const line = JSON.stringify(record);
      await file.appendFile(`${line}\n`);
      await file.sync();
      const hash = sha256(line);
      await writeHead(this.path, { sequence: record.sequence, hash, settled });
      return { record, hash };
    } finally {
      await file.close();
    }
  }

  /** Refuses to append to a truncated log, which would hide the truncation. Logs of earlier versions have no recorded head. */
  async #requireHead(last: AuditRecord | undefined, hash: string): Promise<number> {
    const head = await readHead(this.path);
    if (!head || (head.sequence === (last?.sequence ?? 0) && head.hash === hash)) return head?.settled ?? 0;
    // A killed process may have written the line, but not the head.
    if (last?.sequence === head.sequence + 1 && last.previous === head.hash) return head.settled;
    throw this.#cut(head, last?.sequence ?? 0);
  }

  /** The last complete line. Removes the rest of an interrupted write, which was never reported as done. */
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
    let number = 0;
    try {
      for await (const line of linesOf(this.path, MAX_LINE_BYTES)) {
        number++;
        yield line;
      }
    } catch (error) {
      if (error instanceof LineTooLongError) throw this.#broken(number + 1, error.message);
      if (systemCodeOf(error) !== 'ENOENT') throw error;
      const head = await readHead(this.path);
      if (head) throw this.#cut(head, 0);
      throw new ToolkitError('DATA_MISSING', { path: this.path, hint: 'nothing was deployed from here yet' });
    }
  }

  #check(line: string, number: number, head: string): AuditRecord {
    const record = this.#parse(line, number);
    const { sequence, previous } = record;
    if (sequence !== number)
      throw this.#broken(number, `its number is ${sequence}: a line is missing or was inserted`);
    if (previous !== head)
      throw this.#broken(number, 'it does not follow from the line before: one of them was changed');
    return record;
  }

  #parse(line: string, number: number | undefined): AuditRecord {
    try {
      return recordSchema.parse(JSON.parse(line));
    } catch (error) {
      throw this.#broken(number, complaintOf(error));
    }
  }

  #cut({ sequence }: AuditHead, found: number): ToolkitError {
    const reason = `${headPath(this.path)} recorded ${sequence} lines, and the log ends with line ${found}`;
    return new ToolkitError('AUDIT_BROKEN', { path: this.path, line: 'the end', reason });
  }

  #broken(number: number | undefined, reason: string): ToolkitError {
    const line = number === undefined ? 'the last line' : `line ${number}`;
    return new ToolkitError('AUDIT_BROKEN', { path: this.path, line, reason });
  }
}

function withinLimits({ actor, action, subject, details }: AuditEntry): AuditEntry {
  return {
    actor: actor.slice(0, LIMITS.actor),
    action: action.slice(0, LIMITS.action),
    subject: subject.slice(0, LIMITS.subject),
    details: Object.fromEntries(
      Object.entries(details).map(([key, value]) => [
        key,
        typeof value === 'string' ? value.slice(0, LIMITS.text) : value,
      ]),
    ),
  };
}

/** The name of the account that runs this program. */
export function currentActor(): string {
  try {
    return userInfo().username;
  } catch {
    // In containers, user IDs may have no name.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
