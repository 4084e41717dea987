import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { Parser,type ReadEntry } from 'tar';

import { messageOf } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { corruptError,unpackError } from '../../../core/files.js';
import { isGzipped } from './gzip.js';
import { MAX_MEMBERS,MemberFolder } from './member-folder.js';
import { RejectionError,type Rejection } from '../../rejection.js';

/** What a member may be to be written; folders are made where files need them. */
const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const FOLDERS: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir']);

/**
 * Unpacks a tar archive, gzipped or not, into a new folder, and returns what was refused: names that lead out of the folder, links,
 * devices and doubles. Nothing is written anywhere else. Throws SOURCE_REFUSED for an archive that unpacks to a multiple of its
 * size, which each member's header says before it is read, DATA_CORRUPT for one that is damaged, and storage errors.
 *
 * @param wanted which members are needed, by their names
 */
export async function unpackTar(
  archive: string,
  folder: string,
  wanted: (name: string) => boolean,
  { emit, signal }: StageContext,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const members = await MemberFolder.create(archive, folder);
  let [seen, claimed] = [0, 0];
  await eachMember(archive, signal, async (entry, stop) => {
    const { size, path: name } = entry;
    // Also what is skipped has to be unpacked to be skipped.
    claimed += size;
    members.refuseClaim(claimed - members.used);
    if (++seen > MAX_MEMBERS) throw corruptError(archive, `more than ${MAX_MEMBERS} members`);
    if (FOLDERS.has(entry.type) || name.endsWith('/') || !wanted(name)) return;
    const reason = await members.write(name, () => openMember(entry), stop);
    if (reason !== undefined) rejected.push({ name, reason });
    emit({ event: 'progress', task: 'unpack', done: members.used, total: undefined, unit: 'bytes' });
  });
  return rejected;
}

function openMember(entry: ReadEntry): Readable {
  if (entry.type === 'SymbolicLink' || entry.type === 'Link') throw new RejectionError('a link');
  if (!FILES.has(entry.type)) throw new RejectionError('not an ordinary file');
  return Readable.from(entry);
}

/** Reads an archive member by member: the next is parsed when the one before was used. */
async function eachMember(
  archive: string,
  signal: AbortSignal,
  use: (entry: ReadEntry, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // Whatever fails ends what is under way: a member that is cut short would be waited for.
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
        // What was not read is skipped.
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
