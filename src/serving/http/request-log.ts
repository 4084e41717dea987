import type { FastifyReply, FastifyRequest } from 'fastify';

import { networkOf } from '../security/addresses.js';
import { withoutSecrets } from '../security/token.js';
import { claimedToken } from './callers.js';

/** Lines about refused requests in a second, for each network and in all, where not every request has a line. */
const MAX_LINES_A_NETWORK = 10;
const MAX_NETWORKS = 100;
const MAX_URL = 300;

/** Statuses that say that somebody tried what he may not, or that the server could not do more. */
const REFUSALS = new Set([401, 403, 429, 503, 504, 507]);

/** Logs a request that was answered: who sent it and from where, without the secrets of tokens. */
export type LogRequest = (request: FastifyRequest, reply: FastifyReply) => void;

/** Logs every request at the level "info", and those that were refused as warnings, as many as a log can bear. */
export function requestLogger(): LogRequest {
  const budget = new LineBudget();
  return (request, reply) => {
    const { log } = request;
    if (!REFUSALS.has(reply.statusCode)) {
      if (log.level !== 'warn') log.info(lineOf(request, reply), 'answered');
      return;
    }
    // A flood must not fill the disk; whoever asked for a line for each request gets it.
    const { isAllowed, left } =
      log.level === 'warn' ? budget.take(networkOf(request.ip)) : { isAllowed: true, left: 0 };
    if (left > 0) log.warn({ requests: left }, 'more requests were refused than are logged');
    if (isAllowed) log.warn(lineOf(request, reply), 'answered');
  };
}

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  const token = claimedToken(request);
  return {
    reqId: request.id,
    method: request.method,
    url: withoutSecrets(request.url).slice(0, MAX_URL),
    status: reply.statusCode,
    ms: reply.elapsedTime,
    remoteAddress: request.ip,
    // Of a request whose token was not accepted, the id is only a claim.
    ...(token === undefined ? {} : { [request.caller ? 'token' : 'claimedToken']: token }),
  };
}

/** Counts lines in windows of a second. */
class LineBudget {
  #windowEnd = 0;
  #lines = new Map<string, number>();
  #left = 0;

  /** Whether a line may be written, and how many of the window before were not: told once. */
  take(network: string): { isAllowed: boolean; left: number } {
    let left = 0;
    if (performance.now() >= this.#windowEnd) {
      this.#windowEnd = performance.now() + 1000;
      this.#lines.clear();
      left = this.#left;
      this.#left = 0;
    }
    const before = this.#lines.get(network) ?? 0;
    const isAllowed = before < MAX_LINES_A_NETWORK && (before > 0 || this.#lines.size < MAX_NETWORKS);
    if (isAllowed) this.#lines.set(network, before + 1);
    else this.#left++;
    return { isAllowed, left };
  }
}
