import { randomUUID } from 'node:crypto';
import { lstat, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { whoElseMayWrite } from '../../core/ownership.js';

/** The metadata and hash of a file when it was read: a change of its content changes the metadata. */
const entrySchema = z.strictObject({ identity: z.string(), sha256: z.string() });
const fileSchema = z.record(z.string(), entrySchema);

const FILE = 'verified.json';

/**
 * A cache of file hashes, in a file that only this user may read and write. If it cannot be stored, or other users could have
 * written it, every file is hashed again.
 */
export class VerifiedFiles {
  readonly #path: string | undefined;
  readonly #entries: Map<string, z.infer<typeof entrySchema>>;
  #isChanged = false;

  private constructor(path: string | undefined, entries: z.infer<typeof fileSchema>) {
    this.#path = path;
    this.#entries = new Map(Object.entries(entries));
  }

  /** @param folder the folder of the cache; it need not exist */
  static async open(folder: string): Promise<VerifiedFiles> {
    try {
      const own = await realpath(folder);
      if ((await whoElseMayWrite(own)) !== undefined) return new VerifiedFiles(undefined, {});
      const path = join(own, FILE);
      return new VerifiedFiles(path, await readEntries(path));
    } catch {
      return new VerifiedFiles(undefined, {});
    }
  }

  /** The SHA-256 of a file, from the cache or else from `read`. Throws the system's error. */
  async hashOf(path: string, read: () => Promise<string>): Promise<string> {
    const identity = await identityOf(path);
    const known = this.#entries.get(path);
    if (known?.identity === identity) return known.sha256;
    const sha256 = await read();
    // A file that changed meanwhile is not cached.
    if ((await identityOf(path)) === identity) {
      this.#entries.set(path, { identity, sha256 });
      this.#isChanged = true;
    }
    return sha256;
  }

  /** Stores new entries. Ignores a write error, which only makes the next start slower. */
  async save(): Promise<void> {
    if (!this.#isChanged || this.#path === undefined) return;
    const text = JSON.stringify(Object.fromEntries(this.#entries), undefined, 2);
    const draft = `${this.#path}.${randomUUID()}`;
    try {
      await writeFile(draft, `${text}\n`, { mode: 0o600, flag: 'wx' });
      await rename(draft, this.#path);
    } catch {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }
}

async function readEntries(path: string): Promise<z.infer<typeof fileSchema>> {
  try {
    const { mode, uid } = await lstat(path);
    const isOwn = (mode & 0o077) === 0 && uid === process.getuid?.();
    return isOwn ? fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))) : {};
  } catch {
    return {};
  }
}

async function identityOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
