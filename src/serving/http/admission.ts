import type { FastifyRequest } from 'fastify';

import { HttpError } from '../http-errors.js';
import { hostName, isLoopback } from '../security/addresses.js';
import { requireRole, type Authenticator } from '../security/authenticator.js';
import { isFromOtherSite } from '../security/origins.js';

/** Counts a request against its address's rate limit; false where the limit is exceeded. */
export type TakeFromLimit = (request: FastifyRequest) => Promise<boolean>;

/** Who may send requests. */
export interface Admission {
  /** Checks tokens; undefined on loopback, where no token is needed. */
  authenticator: Authenticator | undefined;
  /** Origins whose pages may use the server. */
  allowedOrigins: ReadonlySet<string>;
}

/**
 * Checks who sends a request before its route runs: the rate limit, the site that it comes from and, where tokens are needed, the
 * token and its role. Throws BAD_REQUEST, RATE_LIMITED, FORBIDDEN or UNAUTHENTICATED as HttpErrors.
 */
export async function admit(
  request: FastifyRequest,
  { authenticator, allowedOrigins }: Admission,
  takeFromLimit: TakeFromLimit | undefined,
): Promise<void> {
  const { host, authorization } = request.headers;
  if (host === undefined) throw new HttpError('BAD_REQUEST', 'the Host header is missing');
  const role = request.routeOptions.config.role ?? 'administer';
  if (role === 'nobody') return;
  // Before the token is checked, so that guessing tokens is limited too.
  if (takeFromLimit && !(await takeFromLimit(request))) throw new HttpError('RATE_LIMITED');
  const { method, headers } = request;
  if (isFromOtherSite({ method, headers, host: request.host, allowed: allowedOrigins })) {
    throw new HttpError('FORBIDDEN', 'pages of other sites may not use this server');
  }
  if (authenticator) request.caller = await authenticator.authenticate(authorization);
  else {
    // A web site could have its own name resolve to this machine; without tokens, the name must be this machine's.
    if (!isLoopback(hostName(host)) && !isHostOfOrigin(host, allowedOrigins)) {
      throw new HttpError('FORBIDDEN', 'the Host header does not name this machine');
    }
    request.caller = { id: 'loopback', role: 'administer' };
  }
  // An address that does not exist is not found for every valid caller, whatever their role.
  if (!request.is404) requireRole(request.caller, role);
}

/** Whether a Host header names one of the allowed origins: a proxy may pass its own name on. */
function isHostOfOrigin(host: string, origins: ReadonlySet<string>): boolean {
  return [...origins].some((origin) => new URL(origin).host === host);
}
