import type { FastifyRateLimitStore } from '@fastify/rate-limit';

/** Senders that are counted at a time: 10,000 take some 2 MB. */
const MAX_SENDERS = 10_000;

/**
 * Counts requests in windows of time, all senders in the same. The store of @fastify/rate-limit hands out its own counters, so that of
 * requests that arrive together each sees the last count, and all are refused; and it follows the system's clock, which can be set back.
 */
export class RateWindows implements FastifyRateLimitStore {
  readonly #counts = new Map<string, number>();
  #end = -Infinity;

  incr(
    key: string,
    callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
    timeWindow = 1000,
  ): void {
    const now = performance.now();
    const isNew = !this.#counts.has(key) && this.#counts.size >= MAX_SENDERS;
    // Whoever has so many networks needs no second count; the memory stays bounded, and nobody is refused for it.
    if (now >= this.#end || isNew) {
      this.#counts.clear();
      this.#end = now + timeWindow;
    }
    const current = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, current);
    callback(null, { current, ttl: this.#end - now });
  }

  child(): RateWindows {
    return new RateWindows();
  }
}
