import { randomUUID } from 'node:crypto';
import { lstat, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { whoElseMayWrite } from '../../core/ownership.js';

/** A file as it was when it was read: any change of its content changes one of these. */
const entrySchema = z.strictObject({ identity: z.string(), sha256: z.string() });
const fileSchema = z.record(z.string(), entrySchema);

const FILE = 'verified.json';

/**
 * The hashes of files that were read before, kept in a file that this user alone may read and write. Where nothing can be kept, or others
 * could have written it, every file is read anew.
 */
export class VerifiedFiles {
  readonly #path: string | undefined;
  readonly #entries: Map<string, z.infer<typeof entrySchema>>;
  #isChanged = false;

  private constructor(path: string | undefined, entries: z.infer<typeof fileSchema>) {
    this.#path = path;
    this.#entries = new Map(Object.entries(entries));
  }

  /** @param folder where they are kept; it need not exist */
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

  /** The SHA-256 of a file, known or else read. Throws the system's error. */
  async hashOf(path: string, read: () => Promise<string>): Promise<string> {
    const identity = await identityOf(path);
    const known = this.#entries.get(path);
    if (known?.identity === identity) return known.sha256;
    const sha256 = await read();
    // A file that was written to meanwhile is not remembered.
    if ((await identityOf(path)) === identity) {
      this.#entries.set(path, { identity, sha256 });
      this.#isChanged = true;
    }
    return sha256;
  }

  /** Keeps what is new. A folder that cannot be written costs the time of the next start, and nothing else. */
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
