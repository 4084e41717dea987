import type { FastifyRequest } from 'fastify';

import { HttpError } from '../http-errors.js';
import { hostName, isLoopback } from '../security/addresses.js';
import { requireRole, type Authenticator } from '../security/authenticator.js';

/** Counts a request against its address's rate limit; false where the limit is exceeded. */
export type TakeFromLimit = (request: FastifyRequest) => Promise<boolean>;

/**
 * Checks who sends a request before its route runs: the rate limit, the site that it comes from and, where tokens are needed, the
 * token and its role. Throws BAD_REQUEST, RATE_LIMITED, FORBIDDEN or UNAUTHENTICATED as HttpErrors.
 */
export async function admit(
  request: FastifyRequest,
  authenticator: Authenticator | undefined,
  takeFromLimit: TakeFromLimit | undefined,
): Promise<void> {
  const { host, authorization } = request.headers;
  if (host === undefined) throw new HttpError('BAD_REQUEST', 'the Host header is missing');
  const role = request.routeOptions.config.role ?? 'administer';
  if (role === 'nobody') return;
  // Before the token is checked, so that guessing tokens is limited too.
  if (takeFromLimit && !(await takeFromLimit(request))) throw new HttpError('RATE_LIMITED');
  refuseOtherSites(request);
  if (authenticator) request.caller = await authenticator.authenticate(authorization);
  else {
    // A web site could have its own name resolve to this machine; without tokens, the name must be this machine's.
    if (!isLoopback(hostName(host))) {
      throw new HttpError('FORBIDDEN', 'the Host header does not name this machine');
    }
    request.caller = { id: 'loopback', role: 'administer' };
  }
  // An address that does not exist is not found for every valid caller, whatever their role.
  if (!request.is404) requireRole(request.caller, role);
}

/** Refuses what a page of another site makes a browser send (Fetch Metadata). */
function refuseOtherSites({ headers, method }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return;
  // A link from elsewhere may lead to the page.
  if (method === 'GET' && headers['sec-fetch-mode'] === 'navigate') return;
  throw new HttpError('FORBIDDEN', 'pages of other sites may not use this server');
}
