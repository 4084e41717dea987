import { getFileNameLowLevel, openPromise, type Entry, type ZipFile } from 'yauzl';

import { messageOf } from '../../../core/errors.js';
import type { StageContext } from '../../../core/events.js';
import { unpackError } from '../../../core/files.js';
import { MemberFolder } from './member-folder.js';
import { RejectionError, type Rejection } from '../../rejection.js';

const UNIX_TYPE_MASK = 0o170000;
const UNIX_LINK = 0o120000;
const ENCRYPTED = 1;

/**
 * Unpacks a zip archive into a new folder. Returns the rejected members: names that lead out of the folder, links, encrypted and
 * damaged members. Throws SOURCE_REFUSED for an archive whose directory declares a large multiple of its size, DATA_CORRUPT for a
 * damaged one, DATA_UNREADABLE, STORAGE_DENIED, STORAGE_FULL, and the signal's reason when aborted.
 *
 * @param wanted selects the members to unpack, by name
 */
export async function unpackZip(
  archive: string,
  folder: string,
  wanted: (name: string) => boolean,
  { emit, signal }: StageContext,
): Promise<Rejection[]> {
  const members = await MemberFolder.create(archive, folder, emit);
  let [seen, claimed] = [0, 0];
  await eachEntry(archive, signal, (_zip, entry) => {
    members.refuseCount(++seen);
    if (isWanted(entry, wanted)) claimed += entry.uncompressedSize;
    members.refuseClaim(claimed);
    return Promise.resolve();
  });
  await eachEntry(archive, signal, async (zip, entry) => {
    if (isWanted(entry, wanted))
      await members.add(nameOf(entry), () => openMember(zip, entry), signal, claimed);
  });
  return members.rejected;
}

function isWanted(entry: Entry, wanted: (name: string) => boolean): boolean {
  const name = nameOf(entry);
  return !name.endsWith('/') && wanted(name);
}

async function eachEntry(
  archive: string,
  signal: AbortSignal,
  use: (zip: ZipFile, entry: Entry) => Promise<void>,
): Promise<void> {
  const zip = await openArchive(archive);
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      await use(zip, entry);
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
    // Names are decoded and checked here, so that a bad name rejects its member and not the archive.
    return await openPromise(archive, { lazyEntries: true, autoClose: false, decodeStrings: false });
  } catch (error) {
    throw unpackError(error, archive);
  }
}

function nameOf({ fileName, generalPurposeBitFlag, extraFields }: Entry): string {
  // With `decodeStrings: false` it is a buffer, unlike its type.
  return getFileNameLowLevel(generalPurposeBitFlag, fileName as unknown as Buffer, extraFields, false);
}

function openMember(zip: ZipFile, entry: Entry): ReturnType<ZipFile['openReadStreamPromise']> {
  const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE_MASK;
  if (type === UNIX_LINK) throw new RejectionError('a link');
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw new RejectionError('encrypted');
  return zip.openReadStreamPromise(entry).catch((error: unknown) => {
    throw new RejectionError(`damaged (${messageOf(error)})`);
  });
}
