import type { FastifyRequest } from 'fastify';

import { networkOf } from '../security/addresses.js';
import type { Caller } from '../security/authenticator.js';
import { parseToken, tokenOf } from '../security/token.js';

/** Who sends requests where no token is needed: anybody on this machine. */
export const WITHOUT_TOKEN: Caller = { id: 'loopback', role: 'administer', weights: true };

type From = Pick<FastifyRequest, 'caller' | 'ip'>;

/** Whom predictions, feedback and administrative acts belong to: the token that was sent or, without tokens, the network. */
export function ownerOf({ caller, ip }: From): string {
  return caller && caller !== WITHOUT_TOKEN ? `token ${caller.id}` : `address ${networkOf(ip)}`;
}

/**
 * Whose requests are counted together: those with one valid token from one network, or those from one network without. So nobody uses
 * up the limit of another token, or of the same token elsewhere.
 */
export function limitedSender({ caller, ip }: From): string {
  return caller ? `${caller.id} ${networkOf(ip)}` : networkOf(ip);
}

/** The id of the token that a request claims to come from, valid or not. */
export function claimedToken({ caller, headers }: FastifyRequest): string | undefined {
  if (caller) return caller === WITHOUT_TOKEN ? undefined : caller.id;
  return parseToken(tokenOf(headers.authorization) ?? '')?.id;
}
