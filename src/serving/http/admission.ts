import type { FastifyRequest } from 'fastify';

import { HttpError } from '../http-errors.js';
import { hostName, isLoopback, networkOf } from '../security/addresses.js';
import { requireRole, type Authenticator } from '../security/authenticator.js';
import { WITHOUT_TOKEN } from './callers.js';
import type { TakeFromLimit } from './rate-limits.js';

/**
 * Checks who sends a request before its route runs: the site that it comes from, the token where tokens are needed, the rate limit
 * and the role. Throws BAD_REQUEST, RATE_LIMITED, FORBIDDEN, UNAUTHENTICATED or NOT_READY as HttpErrors.
 */
export async function admit(
  request: FastifyRequest,
  authenticator: Authenticator | undefined,
  takeFromLimit: TakeFromLimit | undefined,
): Promise<void> {
  if (request.headers.host === undefined) throw new HttpError('BAD_REQUEST', 'the Host header is missing');
  const role = request.routeOptions.config.role ?? 'administer';
  if (role === 'nobody') return;
  // Checking a token costs less than refusing one; whoever has a valid one must not share a limit with those who have none.
  const refusal = await identify(request, authenticator).catch((error: unknown) => error as Error);
  if (takeFromLimit && !(await takeFromLimit(request))) throw new HttpError('RATE_LIMITED');
  if (refusal) throw refusal;
  // An address that does not exist is not found for every valid caller, whatever their role.
  if (!request.is404) requireRole(request.caller!, role);
}

/** Sets the request's caller. */
async function identify(request: FastifyRequest, authenticator: Authenticator | undefined): Promise<void> {
  const { host = '', authorization } = request.headers;
  refuseOtherSites(request);
  if (authenticator) {
    request.caller = await authenticator.authenticate(authorization, networkOf(request.ip));
    return;
  }
  // A web site could have its own name resolve to this machine; without tokens, the name must be this machine's.
  if (!isLoopback(hostName(host)))
    throw new HttpError('FORBIDDEN', 'the Host header does not name this machine');
  request.caller = WITHOUT_TOKEN;
}

/** Refuses what a page of another site makes a browser send (Fetch Metadata). */
function refuseOtherSites({ headers, method }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return;
  // A link from elsewhere may lead to the page.
  if (method === 'GET' && headers['sec-fetch-mode'] === 'navigate') return;
  throw new HttpError('FORBIDDEN', 'pages of other sites may not use this server');
}
