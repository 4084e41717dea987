/** Callers that are remembered at a time; beyond, those seen longest ago are forgotten. */
const MAX_CALLERS = 10_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** A bucket for each caller: it holds a second's worth of requests and fills at the given rate. */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now a clock in milliseconds */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Takes a request from a caller's bucket; false where it is empty. */
  take(caller: string): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#perSecond, filledAt: now };
    const filled = bucket.tokens + ((now - bucket.filledAt) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, filled);
    bucket.filledAt = now;
    // The order of a Map is that of insertion: who came last stands last.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MAX_CALLERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
