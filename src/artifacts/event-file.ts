import { appendFile, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { crc32c } from '../core/formats/crc32c.js';
import { storageError } from '../core/files.js';
import { MessageWriter } from '../core/formats/protobuf.js';

const NAME = /^events\.out\.tfevents\.(\d{10})\./;
/** The only version of the format. */
const FILE_VERSION = 'brain.Event:2';

/** Fields of TensorFlow's event.proto and summary.proto. */
const Event = { WALL_TIME: 1, STEP: 2, FILE_VERSION: 3, SUMMARY: 5, SESSION_LOG: 7 } as const;
const Summary = { VALUE: 1, TAG: 1, SIMPLE_VALUE: 2 } as const;
const SessionLog = { STATUS: 1, START: 1 } as const;

/**
 * A TensorBoard event file of scalars, in a run's folder. Each session of a run has its own; it replaces earlier records from its first
 * step on, because those steps are repeated.
 */
export class EventFile {
  readonly #folder: string;
  readonly #firstStep: number;
  #path: string | undefined;

  /** @param firstStep the first step that will be recorded */
  constructor(folder: string, firstStep: number) {
    this.#folder = folder;
    this.#firstStep = firstStep;
  }

  /** Records values of a step. Throws STORAGE_FULL or STORAGE_DENIED. */
  async append(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    const summary = new MessageWriter();
    for (const [tag, value] of Object.entries(values)) {
      const entry = new MessageWriter().text(Summary.TAG, tag).float(Summary.SIMPLE_VALUE, value);
      summary.message(Summary.VALUE, entry);
    }
    const records = [eventAt(step).message(Event.SUMMARY, summary)];
    if (this.#path === undefined) {
      this.#path = await newPath(this.#folder);
      const start = new MessageWriter().integer(SessionLog.STATUS, SessionLog.START);
      records.unshift(
        eventAt(0).text(Event.FILE_VERSION, FILE_VERSION),
        eventAt(this.#firstStep).message(Event.SESSION_LOG, start),
      );
    }
    const path = this.#path;
    await appendFile(path, Buffer.concat(records.map((record) => frame(record.finish())))).catch(
      (error: unknown) => {
        throw storageError(error, path);
      },
    );
  }
}

function eventAt(step: number): MessageWriter {
  return new MessageWriter().double(Event.WALL_TIME, Date.now() / 1000).integer(Event.STEP, step);
}

/** TensorBoard reads files in the order of their names, so the time in a new name must not be before that of an existing one. */
async function newPath(folder: string): Promise<string> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw storageError(error, folder);
  });
  const times = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const seconds = Math.max(Math.floor(Date.now() / 1000), ...times.map((time) => time + 1));
  const time = String(seconds).padStart(10, '0');
  return join(folder, `events.out.tfevents.${time}.${hostname()}.${process.pid}.v2`);
}

/** A TFRecord: the length in 64 bits, its checksum, the bytes, and theirs (tensorflow/core/lib/io/record_writer.h). */
function frame(bytes: Uint8Array): Buffer {
  const framed = Buffer.alloc(bytes.length + 16);
  framed.writeBigUInt64LE(BigInt(bytes.length), 0);
  framed.writeUInt32LE(maskedChecksum(framed.subarray(0, 8)), 8);
  framed.set(bytes, 12);
  framed.writeUInt32LE(maskedChecksum(bytes), 12 + bytes.length);
  return framed;
}

/** Rotated and offset, because the CRC of data that contains CRCs is weak (tensorflow/core/lib/hash/crc32c.h). */
function maskedChecksum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}
