import { getFileNameLowLevel,openPromise,type Entry,type ZipFile } from 'yauzl';

import { messageOf } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { corruptError,unpackError } from '../../../core/files.js';
import { MAX_MEMBERS,MemberFolder } from './member-folder.js';
import { RejectionError,type Rejection } from '../../rejection.js';

const UNIX_TYPE_MASK = 0o170000;
const UNIX_LINK = 0o120000;
const ENCRYPTED = 1;

/**
 * Unpacks a zip archive into a new folder, and returns what was refused: names that lead out of the folder, links, encrypted and damaged
 * members. Nothing is written anywhere else. Throws SOURCE_REFUSED for an archive that unpacks to a multiple of its size, which its
 * directory says before anything is unpacked, DATA_CORRUPT for one that is damaged as a whole, and storage errors.
 *
 * @param wanted which members are needed, by their names
 */
export async function unpackZip(
  archive: string,
  folder: string,
  wanted: (name: string) => boolean,
  { emit, signal }: StageContext,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const members = await MemberFolder.create(archive, folder);
  let claimed = 0;
  await eachMember(archive, wanted, signal, (_zip, { uncompressedSize }) => {
    claimed += uncompressedSize;
    members.refuseClaim(claimed);
    return Promise.resolve();
  });
  await eachMember(archive, wanted, signal, async (zip, entry, name) => {
    const reason = await members.write(name, () => openMember(zip, entry), signal);
    if (reason !== undefined) rejected.push({ name, reason });
    emit({ event: 'progress', task: 'unpack', done: members.used, total: claimed, unit: 'bytes' });
  });
  return rejected;
}

async function eachMember(
  archive: string,
  wanted: (name: string) => boolean,
  signal: AbortSignal,
  use: (zip: ZipFile, entry: Entry, name: string) => Promise<void>,
): Promise<void> {
  const zip = await openArchive(archive);
  let seen = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (++seen > MAX_MEMBERS) throw corruptError(archive, `more than ${MAX_MEMBERS} members`);
      const { generalPurposeBitFlag, extraFields } = entry;
      const name = getFileNameLowLevel(generalPurposeBitFlag, rawNameOf(entry), extraFields, false);
      if (!name.endsWith('/') && wanted(name)) await use(zip, entry, name);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unpackError(error, archive);
  } finally {
    zip.close();
  }
}

async function openArchive(archive: string): Promise<ZipFile> {
  try {
    // Names are decoded and checked here, so that a bad one costs its member and not the archive.
    return await openPromise(archive, { lazyEntries: true, autoClose: false, decodeStrings: false });
  } catch (error) {
    throw unpackError(error, archive);
  }
}

/** Where names are not decoded, they are bytes, which the types do not know. */
function rawNameOf(entry: Entry): Buffer {
  return entry.fileName as unknown as Buffer;
}

function openMember(zip: ZipFile, entry: Entry): ReturnType<ZipFile['openReadStreamPromise']> {
  const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE_MASK;
  if (type === UNIX_LINK) throw new RejectionError('a link');
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw new RejectionError('encrypted');
  return zip.openReadStreamPromise(entry).catch((error: unknown) => {
    throw new RejectionError(`damaged (${messageOf(error)})`);
  });
}
