import { crc32, deflateRawSync } from 'node:zlib';

/** A file to be packed. */
export interface ZipMember {
  name: string;
  content: Uint8Array | string;
  /** Unix permissions. */
  mode?: number;
  /** Whether it is compressed. */
  isDeflated?: boolean;
  /** The bytes that the archive claims it to have, if not those that it has. */
  claimedBytes?: number;
}

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const MADE_BY_UNIX = 3 << 8;
const VERSION = 20;
const DEFLATED = 8;

/** A zip archive (PKWARE's APPNOTE.TXT), with whatever names it is given. */
export function zip(members: readonly ZipMember[]): Buffer {
  const local: Uint8Array[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o644, isDeflated = false, claimedBytes } of members) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const stored = isDeflated ? deflateRawSync(bytes) : bytes;
    const path = Buffer.from(name);
    // Version to extract, flags, method, time, date, checksum, both sizes, length of the name, length of extra fields.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt16LE(isDeflated ? DEFLATED : 0, 4);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(claimedBytes ?? bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const localHeader = Buffer.concat([word(LOCAL_HEADER), common, path]);
    // Comment, disk, internal and external attributes (the mode in the upper half), offset.
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    central.push(word(CENTRAL_HEADER), halfWord(MADE_BY_UNIX | VERSION), common, tail, path);
    local.push(localHeader, stored);
    offset += localHeader.length + stored.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, word(END_OF_DIRECTORY), end]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function halfWord(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
