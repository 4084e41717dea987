import { timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';

import { asToolkitError, type ToolkitError } from '../../core/errors.js';
import { HttpError } from '../http-errors.js';
import { allows, type TokenRole } from './roles.js';
import { SlowHashes } from './slow-hashes.js';
import { isExpired, readTokens, type StoredToken } from './token-file.js';
import { digestOf, parseToken, tokenOf } from './token.js';

/** The sender of a request. */
export interface Caller {
  /** The token's id, or "loopback" where none is needed. */
  id: string;
  role: TokenRole;
  /** The models that it may use; undefined for all. */
  models?: readonly string[] | undefined;
  /** Requests a day; undefined for any number. */
  quota?: number | undefined;
  /** Whether it may read the model's weights. */
  weights: boolean;
}

/** How long a revoked token may still be accepted. */
const REREAD_MS = 1000;
/** What the secrets of unknown tokens are compared with, so that they take the time of known ones. */
const NO_DIGEST = Buffer.alloc(32);

/** Authenticates callers by their tokens, and follows the file that holds the hashes. */
export class Authenticator {
  readonly #path: string;
  readonly #slow = new SlowHashes();
  #tokens = new Map<string, StoredToken>();
  /** The file as it was when it was read: a change of its time, size or mode is a reason to read it again. */
  #seen: string | undefined;
  #checkedAt = -Infinity;
  #rereading: Promise<void> | undefined;
  #failure: ToolkitError | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** How many tokens are valid now, and how many of them have a slow hash. Throws what `readTokens` throws. */
  async count(): Promise<{ valid: number; slow: number }> {
    await this.#reread();
    if (this.#failure) throw this.#failure;
    const valid = [...this.#tokens.values()].filter((token) => !isExpired(token));
    return { valid: valid.length, slow: valid.filter((token) => 'salt' in token).length };
  }

  /**
   * The caller that an Authorization header proves. Throws UNAUTHENTICATED, NOT_READY while the file cannot be read, and RATE_LIMITED
   * for a sender who tries several secrets of a token with a slow hash at once.
   *
   * @param sender the network that the request comes from
   */
  async authenticate(header: string | undefined, sender: string): Promise<Caller> {
    const token = tokenOf(header);
    const parsed = token === undefined ? undefined : parseToken(token);
    if (token === undefined || !parsed) throw new HttpError('UNAUTHENTICATED');
    if (performance.now() - this.#checkedAt > REREAD_MS) await this.#reread();
    if (this.#failure) {
      // Whether a token was revoked cannot be known.
      const message = 'the access tokens cannot be checked; the server’s log has the reason';
      throw new HttpError('NOT_READY', message, { cause: this.#failure });
    }
    const stored = this.#tokens.get(parsed.id);
    const isRight =
      stored && 'salt' in stored
        ? await this.#slow.check(token, parsed.secret, stored, sender)
        : timingSafeEqual(digestOf(token), stored ? Buffer.from(stored.sha256, 'hex') : NO_DIGEST);
    if (!stored || !isRight || isExpired(stored)) throw new HttpError('UNAUTHENTICATED');
    const { id, role, models, quota, weights = true } = stored;
    return { id, role, models, quota, weights: weights || role === 'administer' };
  }

  /** Callers who come while the file is read wait for the same reading. */
  #reread(): Promise<void> {
    this.#rereading ??= this.#readIfChanged().finally(() => {
      this.#checkedAt = performance.now();
      this.#rereading = undefined;
    });
    return this.#rereading;
  }

  async #readIfChanged(): Promise<void> {
    const found = await stat(this.#path).catch(() => undefined);
    const seen = found ? [found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ') : 'none';
    if (seen === this.#seen && this.#failure === undefined) return;
    try {
      const tokens = await readTokens(this.#path);
      this.#tokens = new Map(tokens.map((token) => [token.id, token]));
      this.#slow.clear();
      this.#failure = undefined;
      this.#seen = seen;
    } catch (error) {
      this.#failure = asToolkitError(error);
    }
  }
}

/** Throws FORBIDDEN where a caller's role does not include the needed one. */
export function requireRole({ role }: Caller, needed: TokenRole): void {
  if (!allows(role, needed)) throw new HttpError('FORBIDDEN', `this needs a token of the role "${needed}"`);
}

/** Whether a caller's token is for a model. */
export function mayUse({ models }: Caller, name: string): boolean {
  return models?.includes(name) ?? true;
}

/** Throws FORBIDDEN where a caller's token is for none of some models. */
export function requireModel(caller: Caller, ...names: string[]): void {
  if (!names.some((name) => mayUse(caller, name)))
    throw new HttpError('FORBIDDEN', 'this token is for other models');
}

/** Throws FORBIDDEN where a caller's token is not for all of some models. */
export function requireAllModels(caller: Caller, names: readonly string[]): void {
  if (!names.every((name) => mayUse(caller, name)))
    throw new HttpError('FORBIDDEN', 'this needs a token for all models');
}

/** Throws FORBIDDEN where a caller may use the model, but not read its weights. */
export function requireWeights({ weights }: Caller): void {
  if (!weights) throw new HttpError('FORBIDDEN', 'this token may not read the weights of the model');
}
