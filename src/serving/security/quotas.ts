import { z } from 'zod';

import { readTextWithin, writeSecretAtomically } from '../../core/files.js';
import { withLock } from '../../core/lock.js';
import type { Caller } from './authenticator.js';

const usageSchema = z.strictObject({
  format: z.literal('mnist-train/token-usage'),
  version: z.literal(1),
  /** The day (UTC) that is counted. */
  day: z.iso.date(),
  /** Requests by the id of the token. */
  requests: z.record(z.string(), z.int().min(0)),
});

const MAX_BYTES = 16 * 2 ** 20;
const LOCK_WAIT_MS = 5000;

/**
 * Counts the requests of each token that has a quota, by day (UTC). The counts are kept in a file, so that a restart does not forget them
 * and servers with the same tokens share them.
 */
export class TokenQuotas {
  readonly #path: string;
  #day = '';
  /** What the file had when it was last read or written. */
  #stored = new Map<string, number>();
  /** What came since then. */
  #added = new Map<string, number>();
  #saving: Promise<void> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads what was counted today. A damaged file counts as empty, and is replaced. */
  async load(): Promise<void> {
    this.#beginDay();
    this.#stored = await this.#read();
  }

  /** Counts a request; false where the caller's quota for today is used up. */
  take({ id, quota }: Pick<Caller, 'id' | 'quota'>): boolean {
    if (quota === undefined) return true;
    this.#beginDay();
    const added = this.#added.get(id) ?? 0;
    if ((this.#stored.get(id) ?? 0) + added >= quota) return false;
    this.#added.set(id, added + 1);
    return true;
  }

  /** Writes what was counted. Throws FOLDER_BUSY and storage errors; nothing is lost then. */
  save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  async #write(): Promise<void> {
    if (this.#added.size === 0) return;
    await withLock(`${this.#path}.lock`, { waitMs: LOCK_WAIT_MS }, async () => {
      const { day, requests } = { day: this.#day, requests: await this.#read() };
      const written = new Map(this.#added);
      for (const [id, count] of written) requests.set(id, (requests.get(id) ?? 0) + count);
      const file = {
        format: 'mnist-train/token-usage',
        version: 1,
        day,
        requests: Object.fromEntries(requests),
      };
      await writeSecretAtomically(this.#path, `${JSON.stringify(file)}\n`);
      // A new day may have begun meanwhile, with its own counts.
      if (this.#day !== day) return;
      this.#stored = requests;
      const since = [...this.#added].map(([id, count]) => [id, count - (written.get(id) ?? 0)] as const);
      this.#added = new Map(since.filter(([, count]) => count > 0));
    });
  }

  async #read(): Promise<Map<string, number>> {
    const text = await readTextWithin(this.#path, MAX_BYTES).catch(() => undefined);
    const found = usageSchema.safeParse(text === undefined ? undefined : parse(text));
    if (!found.success || found.data.day !== this.#day) return new Map();
    return new Map(Object.entries(found.data.requests));
  }

  #beginDay(): void {
    const today = new Date().toISOString().slice(0, 10);
    if (today === this.#day) return;
    this.#day = today;
    this.#stored = new Map();
    this.#added = new Map();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
