import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { Parser, type ReadEntry } from 'tar';

import { messageOf } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { corruptError, unpackError } from '../../../core/files.js';
import { isGzipped } from './gzip.js';
import { MemberFolder } from './member-folder.js';
import { RejectionError, type Rejection } from '../../rejection.js';

/** Member types that are written. Folders are made as files need them. */
const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const FOLDERS: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir']);

/**
 * Unpacks a tar archive, gzipped or not, into a new folder. Returns the rejected members: names that lead out of the folder, links,
 * devices and duplicate names. Throws SOURCE_REFUSED for an archive whose headers declare a large multiple of its size, DATA_CORRUPT
 * for a damaged one, DATA_UNREADABLE, STORAGE_DENIED, STORAGE_FULL, and the signal's reason when aborted.
 *
 * @param wanted selects the members to unpack, by name
 */
export async function unpackTar(
  archive: string,
  folder: string,
  wanted: (name: string) => boolean,
  { emit, signal }: StageContext,
): Promise<Rejection[]> {
  const members = await MemberFolder.create(archive, folder, emit);
  let [seen, claimed] = [0, 0];
  await eachMember(archive, signal, async (entry, stop) => {
    const { size, path: name } = entry;
    // Skipped members are unpacked too.
    claimed += size;
    members.refuseClaim(claimed - members.used);
    members.refuseCount(++seen);
    if (FOLDERS.has(entry.type) || name.endsWith('/') || !wanted(name)) return;
    await members.add(name, () => openMember(entry), stop);
  });
  return members.rejected;
}

function openMember(entry: ReadEntry): Readable {
  if (entry.type === 'SymbolicLink' || entry.type === 'Link') throw new RejectionError('a link');
  if (!FILES.has(entry.type)) throw new RejectionError('not an ordinary file');
  return Readable.from(entry);
}

/** Reads an archive member by member; `use` is called for one at a time. */
async function eachMember(
  archive: string,
  signal: AbortSignal,
  use: (entry: ReadEntry, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // Any failure aborts the member being written, which would otherwise wait for the rest of its bytes.
  const failure = new AbortController();
  const fail = (error: unknown): void => {
    failure.abort(error);
  };
  const stop = AbortSignal.any([signal, failure.signal]);
  let using = Promise.resolve();
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      using = using
        .then(() => (stop.aborted ? undefined : use(entry, stop)))
        .catch(fail)
        // Skips what was not read.
        .finally(() => {
          entry.resume();
        });
    },
  });
  parser.on('error', (error: unknown) => {
    fail(corruptError(archive, `damaged (${messageOf(error)})`));
  });
  const feed = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) if (!parser.write(chunk)) await once(parser, 'drain', { signal: stop });
    parser.end();
  };
  const source = createReadStream(archive, { highWaterMark: 1 << 18 });
  const reading = (await isGzipped(archive))
    ? pipeline(source, createGunzip(), feed, { signal: stop })
    : pipeline(source, feed, { signal: stop });
  await reading.catch((error: unknown) => {
    fail(unpackError(error, archive));
  });
  await using;
  signal.throwIfAborted();
  failure.signal.throwIfAborted();
}
