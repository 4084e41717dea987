import type { IncomingHttpHeaders } from 'node:http';

/** What is asked about a request's origin. */
export interface OriginCheck {
  method: string;
  headers: IncomingHttpHeaders;
  /** The host that the client asked, with its port. */
  host: string;
  /** Origins whose pages may use the server. */
  allowed: ReadonlySet<string>;
}

/** Whether a page of another site makes a browser send a request. Programs send none of the headers that are looked at. */
export function isFromOtherSite({ method, headers, host, allowed }: OriginCheck): boolean {
  const { origin, referer } = headers;
  if (origin !== undefined && allowed.has(origin)) return false;
  const site = headers['sec-fetch-site'];
  // The browser's own word: a proxy may have changed the host that it compared.
  if (site === 'same-origin') return false;
  if (site === 'cross-site' || site === 'same-site') {
    // A link from elsewhere may lead to the page.
    return !(method === 'GET' && headers['sec-fetch-mode'] === 'navigate');
  }
  // Browsers without Fetch Metadata name the page's origin; a link names it only as the referrer.
  if (origin !== undefined) return !isHostOf(origin, host);
  const isReading = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  if (isReading || referer === undefined) return false;
  return !isHostOf(referer, host) && !allowed.has(originOf(referer));
}

/** Whether an address is on a host. The scheme does not count: a proxy may have ended TLS. */
function isHostOf(address: string, host: string): boolean {
  const from = parse(address);
  return from !== undefined && from.host === parse(`${from.protocol}//${host}`)?.host;
}

function originOf(address: string): string {
  return parse(address)?.origin ?? '';
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
