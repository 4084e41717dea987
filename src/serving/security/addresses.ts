import { isIP } from 'node:net';

import { normalizeIP } from '@fastify/rate-limit';

/** Whether an address that a server listens on can be reached from its own machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** The host in a Host header, without the port. */
export function hostName(header: string): string {
  return header.startsWith('[') ? header.slice(0, header.indexOf(']') + 1) : (header.split(':')[0] ?? '');
}

/** The network that stands for an address: the address itself or, as one sender can have 2⁶⁴ of them, the /64 of an IPv6 address. */
export function networkOf(address: string): string {
  return isIP(address) === 0 ? address : normalizeIP(address);
}
