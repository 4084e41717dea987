import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import { HttpError } from '../http-errors.js';
import { allows, type TokenRole } from './roles.js';
import { isExpired, isSecretOf, parseToken, readTokens, type StoredToken } from './token-file.js';

/** The sender of a request. */
export interface Caller {
  /** The token's id, or "loopback" where none is needed. */
  id: string;
  role: TokenRole;
}

/** How long a revoked token may still be accepted. */
const REREAD_MS = 1000;
/** Hashing is slow on purpose: at most this many unknown tokens are checked at a time. */
const MAX_HASHING = 4;
const MAX_REMEMBERED = 10_000;

/**
 * Authenticates callers by their tokens. The file holds only slow hashes, so a token that was right once is remembered in memory by its
 * SHA-256 until the file changes.
 */
export class Authenticator {
  readonly #path: string;
  #tokens = new Map<string, StoredToken>();
  #right = new Map<string, string>();
  #wrong = new Set<string>();
  #modified = Number.NaN;
  #checkedAt = -Infinity;
  #rereading: Promise<void> | undefined;
  #hashing = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** How many tokens are valid now. Throws what `readTokens` throws. */
  async count(): Promise<number> {
    await this.#reread();
    return [...this.#tokens.values()].filter((token) => !isExpired(token)).length;
  }

  /** The caller that an Authorization header proves. Throws UNAUTHENTICATED, or RATE_LIMITED under a flood of wrong tokens. */
  async authenticate(header: string | undefined): Promise<Caller> {
    const token = tokenOf(header);
    const parsed = token === undefined ? undefined : parseToken(token);
    if (token === undefined || !parsed) throw new HttpError('UNAUTHENTICATED');
    if (performance.now() - this.#checkedAt > REREAD_MS) await this.#reread();
    const stored = this.#tokens.get(parsed.id);
    if (!stored || isExpired(stored) || !(await this.#isRight(token, parsed.secret, stored))) {
      throw new HttpError('UNAUTHENTICATED');
    }
    return { id: stored.id, role: stored.role };
  }

  async #isRight(token: string, secret: string, stored: StoredToken): Promise<boolean> {
    const digest = createHash('sha256').update(token).digest('base64');
    if (this.#right.get(digest) === stored.id) return true;
    if (this.#wrong.has(digest)) return false;
    if (this.#hashing >= MAX_HASHING) throw new HttpError('RATE_LIMITED');
    this.#hashing++;
    try {
      const isRight = await isSecretOf(stored, secret);
      if (isRight) this.#right.set(digest, stored.id);
      else {
        if (this.#wrong.size >= MAX_REMEMBERED) this.#wrong.clear();
        this.#wrong.add(digest);
      }
      return isRight;
    } finally {
      this.#hashing--;
    }
  }

  /** Callers who come while the file is read wait for the same reading. */
  #reread(): Promise<void> {
    this.#rereading ??= this.#readIfChanged().finally(() => {
      this.#rereading = undefined;
    });
    return this.#rereading;
  }

  async #readIfChanged(): Promise<void> {
    const modified = (await stat(this.#path).catch(() => undefined))?.mtimeMs ?? 0;
    if (modified !== this.#modified) {
      const tokens = await readTokens(this.#path);
      this.#tokens = new Map(tokens.map((token) => [token.id, token]));
      this.#right.clear();
      this.#wrong.clear();
      this.#modified = modified;
    }
    this.#checkedAt = performance.now();
  }
}

/** Throws FORBIDDEN where a caller's role does not include the needed one. */
export function requireRole({ role }: Caller, needed: TokenRole): void {
  if (!allows(role, needed)) throw new HttpError('FORBIDDEN', `this needs a token of the role "${needed}"`);
}

/** The token in a header: as a bearer token, or as the password that a browser asks for (RFC 7617). */
function tokenOf(header: string | undefined): string | undefined {
  const [, scheme, credentials] = /^(bearer|basic) +([^\s]{1,512})$/i.exec(header ?? '') ?? [];
  if (scheme === undefined || credentials === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  return Buffer.from(credentials, 'base64').toString('utf8').split(':').slice(1).join(':');
}
