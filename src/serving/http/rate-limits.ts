import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { RateWindows } from './rate-windows.js';

/** Counts a request against its sender's limit; false where the limit is exceeded. */
export type TakeFromLimit = (request: FastifyRequest) => Promise<boolean>;

/** Makes `rateLimiter` possible. No route has the plugin's own hook. */
export async function registerRateLimits(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, { global: false, store: RateWindows });
}

/** Counts the requests of each sender in windows of about a second. */
export function rateLimiter(
  app: FastifyInstance,
  perSecond: number,
  senderOf: (request: FastifyRequest) => string,
): TakeFromLimit {
  const max = Math.ceil(perSecond);
  const options = {
    max,
    // The plugin takes whole requests only: 1.5 a second are 2 in 1,333 ms.
    timeWindow: (max / perSecond) * 1000,
    keyGenerator: senderOf,
  };
  const count = app.createRateLimit(options);
  return async (request) => {
    const result = await count(request);
    return result.isAllowed || !result.isExceeded;
  };
}
