import { scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

import { HttpError } from '../http-errors.js';
import { Turns } from '../turns.js';
import { digestOf } from './token.js';

/** A token as version 0.1 stored it. */
export interface SlowlyHashed {
  id: string;
  salt: string;
  hash: string;
}

/** 16 MiB of memory and some 30 ms for each guess. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };
/** Senders of wrong secrets for one token that can wait at a time, and all that can: the longest wait is some 2 s. */
const MAX_WAITING_FOR_TOKEN = 4;
const MAX_WAITING = 64;

const derive = promisify(
  (secret: string, salt: Buffer, length: number, done: (error: Error | null, key: Buffer) => void): void => {
    scrypt(secret, salt, length, COST, done);
  },
);

/**
 * Checks secrets against the scrypt hashes of version 0.1. Each check is dear, so one runs at a time, each sender has one check
 * of a token under way, and a secret that was right is remembered. Whoever sends wrong secrets for one token keeps nobody from
 * using another.
 */
export class SlowHashes {
  readonly #right = new Map<string, string>();
  readonly #waiting = new Map<string, { digest: string; id: string; result: Promise<boolean> }>();
  readonly #turns = new Turns(1);

  /** Whether a secret is a token's. Throws RATE_LIMITED where the sender has another check of the token under way. */
  check(token: string, secret: string, stored: SlowlyHashed, sender: string): Promise<boolean> {
    const digest = digestOf(token).toString('base64');
    if (this.#right.get(digest) === stored.id) return Promise.resolve(true);
    const place = `${stored.id} ${sender}`;
    const waiting = this.#waiting.get(place);
    if (waiting?.digest === digest) return waiting.result;
    if (waiting || this.#isCrowded(stored.id)) throw new HttpError('RATE_LIMITED');
    const result = this.#turns.take(() => isSecretOf(stored, secret));
    this.#waiting.set(place, { digest, id: stored.id, result });
    return result
      .then((isRight) => {
        if (isRight) this.#right.set(digest, stored.id);
        return isRight;
      })
      .finally(() => this.#waiting.delete(place));
  }

  /** Forgets what was right: the file has changed. */
  clear(): void {
    this.#right.clear();
  }

  #isCrowded(id: string): boolean {
    const forToken = [...this.#waiting.values()].filter((waiting) => waiting.id === id);
    return this.#waiting.size >= MAX_WAITING || forToken.length >= MAX_WAITING_FOR_TOKEN;
  }
}

async function isSecretOf({ salt, hash }: SlowlyHashed, secret: string): Promise<boolean> {
  const expected = Buffer.from(hash, 'base64');
  const found = await derive(secret, Buffer.from(salt, 'base64'), 32);
  return expected.length === found.length && timingSafeEqual(expected, found);
}
