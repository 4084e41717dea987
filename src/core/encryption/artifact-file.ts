import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';

import { isAge, isArmored, MAGIC_BYTES, removeArmor } from './age-header.js';
import { bytesAsSource, fileAsSource, type ByteSource } from './byte-source.js';
import { damaged, openSealed } from './sealed-content.js';
import { currentKeyring } from './session.js';

/** An open file of this toolkit, encrypted or not: its content, of which any part can be read. */
export interface ArtifactFile extends ByteSource {
  readonly isEncrypted: boolean;
  close(): Promise<void>;
}

/** The largest content that is read in one piece, as of Node.js itself. */
const MAX_WHOLE_BYTES = 2 ** 31 - 1;
/** ASCII armor is decoded in memory; files of this toolkit have none. */
const MAX_ARMORED_BYTES = 64 * 2 ** 20;
const PIECE_BYTES = 2 ** 20;

/**
 * Opens a file that a stage wrote. Whether it is encrypted is seen in its first bytes, not in its name, and nothing of it is decrypted to the
 * disk. Throws system errors, ENCRYPTION_LOCKED, ENCRYPTION_DAMAGED and IDENTITY_INVALID.
 */
export async function openArtifact(path: string): Promise<ArtifactFile> {
  const file = await open(path, 'r');
  try {
    const source = fileAsSource(file, (await file.stat()).size);
    const { size, read, isEncrypted } = await contentOf(source, path);
    return { size, read, isEncrypted, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function contentOf(
  source: ByteSource,
  path: string,
): Promise<ByteSource & Pick<ArtifactFile, 'isEncrypted'>> {
  const start = await source.read(0, MAGIC_BYTES);
  const isText = isArmored(start);
  if (!isText && !isAge(start)) return { ...source, isEncrypted: false };
  const sealed = isText ? await withoutArmor(source, path) : source;
  const keyring = currentKeyring();
  const content = await openSealed(sealed, path, (header) => keyring.unlock(header, path));
  return { ...content, isEncrypted: true };
}

async function withoutArmor(source: ByteSource, path: string): Promise<ByteSource> {
  if (source.size > MAX_ARMORED_BYTES) throw damaged(path, 'too large for a file in ASCII armor');
  const text = (await source.read(0, source.size)).toString('latin1');
  const bytes = await removeArmor(text).catch((error: unknown) => {
    throw damaged(path, 'invalid ASCII armor', error);
  });
  return bytesAsSource(bytes);
}

/** The whole content of a file, encrypted or not. Throws what `openArtifact` throws. */
export async function readArtifact(path: string): Promise<Buffer> {
  const plain = await open(path, 'r');
  try {
    const found = await plain.stat();
    // A pipe has neither a size nor places.
    if (!found.isFile()) return await plain.readFile();
    return await readWhole(plain, path, found.size);
  } finally {
    await plain.close();
  }
}

async function readWhole(file: FileHandle, path: string, size: number): Promise<Buffer> {
  const { isEncrypted, ...content } = await contentOf(fileAsSource(file, size), path);
  // Files of /proc and the like have no size before they are read.
  if (!isEncrypted) return file.readFile();
  if (content.size <= MAX_WHOLE_BYTES) return content.read(0, content.size);
  throw Object.assign(new RangeError(`${content.size} bytes`), { code: 'ERR_FS_FILE_TOO_LARGE' });
}

/** The content of a file in pieces, each of which is verified before it comes. Throws what `openArtifact` throws. */
export async function* artifactPieces(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = await openArtifact(path);
  try {
    for (let position = 0; position < file.size; position += PIECE_BYTES) {
      signal?.throwIfAborted();
      yield await file.read(position, PIECE_BYTES);
    }
  } finally {
    await file.close();
  }
}

/** The size of a file's content; undefined if there is no such file. Throws what `openArtifact` throws. */
export async function contentSize(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  // Opening a pipe would wait for its writer.
  if (!found?.isFile()) return undefined;
  const file = await openArtifact(path);
  await file.close();
  return file.size;
}

/**
 * The SHA-256 of a file's content, in hexadecimal: the same whether it is encrypted or not. Throws what `openArtifact` throws, and the
 * signal's reason.
 */
export async function sha256OfContent(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of artifactPieces(path, signal)) hash.update(piece);
  return hash.digest('hex');
}

/** Decrypts bytes of an age file in memory. Throws what `openArtifact` throws, which names the path. */
export async function unsealBytes(bytes: Buffer, path: string): Promise<Buffer> {
  const content = await contentOf(bytesAsSource(bytes), path);
  return content.read(0, content.size);
}
