import type { FastifyRequest } from 'fastify';

import { HttpError } from '../../http-errors.js';
import { hostName, isLoopback, networkOf } from '../../security/addresses.js';
import {
  requireModel,
  requireRole,
  requireWeights,
  type Authenticator,
  type Caller,
} from '../../security/authenticator.js';
import { isFromOtherSite } from '../../security/origins.js';
import type { TokenQuotas } from '../../security/quotas.js';
import type { TokenRole } from '../../security/roles.js';
import { WITHOUT_TOKEN } from '../callers.js';
import type { TakeFromLimit } from '../rate-limits.js';

/** Who may send requests. */
export interface Admission {
  /** Checks tokens; undefined on loopback, where no token is needed. */
  authenticator: Authenticator | undefined;
  /** Origins whose pages may use the server. */
  allowedOrigins: ReadonlySet<string>;
  /** The names of the models that are served. */
  models: readonly string[];
  /** Counts the requests of tokens that have a quota. */
  quotas?: TokenQuotas | undefined;
}

/**
 * Checks who sends a request before its route runs: the site that it comes from, the token where tokens are needed, the rate limit
 * and the role. Throws BAD_REQUEST, RATE_LIMITED, FORBIDDEN, UNAUTHENTICATED or NOT_READY as HttpErrors.
 */
export async function admit(
  request: FastifyRequest,
  admission: Admission,
  takeFromLimit: TakeFromLimit | undefined,
): Promise<void> {
  if (request.headers.host === undefined) throw new HttpError('BAD_REQUEST', 'the Host header is missing');
  const role = request.routeOptions.config.role ?? 'administer';
  if (role === 'nobody') return;
  // Checking a token costs less than refusing one; whoever has a valid one must not share a limit with those who have none.
  const refusal = await identify(request, admission).catch((error: unknown) => error as Error);
  if (takeFromLimit && !(await takeFromLimit(request))) throw new HttpError('RATE_LIMITED');
  if (refusal) throw refusal;
  // An address that does not exist is not found for every valid caller, whatever their role.
  if (!request.is404) requireRights(request, request.caller!, role, admission);
}

/** What a token allows beside what its sender is known by. */
function requireRights(
  { method, params, routeOptions }: FastifyRequest,
  caller: Caller,
  role: TokenRole,
  { models, quotas }: Admission,
): void {
  requireRole(caller, role);
  const { name = routeOptions.config.model } = params as { name?: string };
  // Where the address does not say which model, the route decides.
  requireModel(caller, ...(name === undefined ? models : [name]));
  if (routeOptions.config.isWeights) requireWeights(caller);
  // What is posted costs the server work; pages and descriptions are free.
  if (method === 'POST' && quotas && !quotas.take(caller))
    throw new HttpError('RATE_LIMITED', 'the quota of this token for today (UTC) is used up');
}

/** Sets the request's caller. */
async function identify(
  request: FastifyRequest,
  { authenticator, allowedOrigins }: Admission,
): Promise<void> {
  const { method, headers } = request;
  const { host = '', authorization } = headers;
  if (isFromOtherSite({ method, headers, host: request.host, allowed: allowedOrigins })) {
    throw new HttpError('FORBIDDEN', 'pages of other sites may not use this server');
  }
  if (authenticator) {
    request.caller = await authenticator.authenticate(authorization, networkOf(request.ip));
    return;
  }
  // A web site could have its own name resolve to this machine; without tokens, the name must be this machine's.
  if (!isLoopback(hostName(host)) && !isHostOfOrigin(host, allowedOrigins)) {
    throw new HttpError('FORBIDDEN', 'the Host header does not name this machine');
  }
  request.caller = WITHOUT_TOKEN;
}

/** Whether a Host header names one of the allowed origins: a proxy may pass its own name on. */
function isHostOfOrigin(host: string, origins: ReadonlySet<string>): boolean {
  return [...origins].some((origin) => new URL(origin).host === host);
}
