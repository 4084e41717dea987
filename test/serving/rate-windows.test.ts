import fastify, { type FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';

import { rateLimiter, registerRateLimits, type TakeFromLimit } from '../../src/serving/http/rate-limits.js';

/** A limiter whose senders are named by the request's id. */
async function limiterOf(perSecond: number): Promise<(sender: string) => Promise<boolean>> {
  const app = fastify();
  await registerRateLimits(app);
  const take: TakeFromLimit = rateLimiter(app, perSecond, ({ id }) => id);
  return (id) => take({ id, routeOptions: { config: {} } } as FastifyRequest);
}

it('of requests that arrive together as many are taken as the limit allows, from each sender', async () => {
  const take = await limiterOf(20);
  const senders = Array.from({ length: 120 }, (_, index) => (index % 2 === 0 ? 'a' : 'b'));
  const taken = await Promise.all(senders.map(take));
  for (const sender of ['a', 'b']) {
    const own = taken.filter((_, index) => senders[index] === sender);
    expect(own.filter(Boolean)).toHaveLength(20);
    expect(own.slice(0, 20)).not.toContain(false);
  }
});

it('a limit is over with its window', async () => {
  const take = await limiterOf(2);
  expect(await Promise.all(['a', 'a', 'a'].map(take))).toEqual([true, true, false]);
  await expect.poll(() => take('a'), { timeout: 5000, interval: 100 }).toBe(true);
});

it('more senders than are counted are taken, not refused', async () => {
  const take = await limiterOf(1);
  const taken = await Promise.all(Array.from({ length: 25_000 }, (_, index) => take(String(index))));
  expect(taken).not.toContain(false);
});

it('a limit of less than a request a window is a longer window', async () => {
  const take = await limiterOf(1.5);
  expect(await Promise.all(['a', 'a', 'a'].map(take))).toEqual([true, true, false]);
});
