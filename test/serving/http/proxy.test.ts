import { request, type IncomingHttpHeaders } from 'node:http';

import { describe, expect, it, onTestFinished } from 'vitest';

import { unreadyServer } from '../../support/unready-server.js';

type Options = NonNullable<Parameters<typeof unreadyServer>[0]>;

async function urlOf(options: Options): Promise<string> {
  const { url, stop } = await unreadyServer(options);
  onTestFinished(async () => {
    await stop();
  });
  return url;
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
}

/** Sends a request with headers that fetch would set itself. */
function send(url: string, options: Sent = {}): Promise<{ status?: number; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      response.resume();
      resolve({ status: response.statusCode!, headers: response.headers });
    })
      .on('error', reject)
      .end();
  });
}

const origin = 'https://app.example';

describe('allowed origins', () => {
  it('are answered before and with a request; others are not', async () => {
    const url = await urlOf({ allowedOrigins: new Set([origin]) });
    const asking = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } };
    const preflight = await send(`${url}/classify`, asking);
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': expect.stringContaining('POST') as string,
        'access-control-allow-headers': expect.stringContaining('authorization') as string,
        'x-content-type-options': 'nosniff',
      },
    });
    const headers = { origin, 'sec-fetch-site': 'cross-site' };
    const read = await send(`${url}/v2`, { headers });
    expect([read.status, read.headers['access-control-allow-origin']]).toEqual([200, origin]);
    // Errors as well, so that a page can read why.
    const failed = await send(`${url}/nothing`, { headers });
    expect([failed.status, failed.headers['access-control-allow-origin']]).toEqual([404, origin]);
    const evil = 'https://evil.example';
    for (const sent of [
      { headers: { origin: evil } },
      { method: 'OPTIONS', headers: { origin: evil, 'access-control-request-method': 'POST' } },
    ]) {
      const refused = await send(`${url}/classify`, { method: 'POST', ...sent });
      expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
  });

  it('are none by default, whatever the content type', async () => {
    const url = await urlOf({});
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      undefined,
    ]) {
      const headers = { origin, ...(type !== undefined && { 'content-type': type }) };
      for (const path of ['/classify', '/feedback', '/v2/repository/models/mnist/load']) {
        expect((await send(url + path, { method: 'POST', headers })).status).toBe(403);
      }
    }
  });
});

describe('a reverse proxy', () => {
  it('that is trusted names the client, whose requests are counted, and the host that it asked', async () => {
    const url = await urlOf({ trustedProxies: ['loopback'], rateLimit: 5 });
    const from = async (client: string): Promise<number | undefined> =>
      (await send(`${url}/v2`, { headers: { 'x-forwarded-for': `6.6.6.6, ${client}` } })).status;
    const statuses = await Promise.all(Array.from({ length: 30 }, () => from('1.1.1.1')));
    expect(statuses).toContain(429);
    // What a client writes in front of its address does not count.
    expect(await from('2.2.2.2')).toBe(200);
    const headers = { 'x-forwarded-host': 'digits.example', origin: 'https://digits.example' };
    expect((await send(`${url}/v2`, { headers: { ...headers, 'x-forwarded-for': '3.3.3.3' } })).status).toBe(
      200,
    );
  });

  it('that is not trusted says nothing', async () => {
    const url = await urlOf({ rateLimit: 5 });
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const headers = { 'x-forwarded-for': `1.1.1.${index}` };
        return (await send(`${url}/v2`, { headers })).status;
      }),
    );
    expect(statuses).toContain(429);
    const headers = { 'x-forwarded-host': 'digits.example', origin: 'https://digits.example' };
    expect((await send(`${await urlOf({})}/v2`, { headers })).status).toBe(403);
  });

  it('that passes its path on is understood, and the page is reached by a slash at the end', async () => {
    const url = await urlOf({ basePath: '/digits' });
    expect((await send(`${url}/digits/v2`)).status).toBe(200);
    expect((await send(`${url}/v2`)).status).toBe(200);
    expect((await send(`${url}/digitsv2`)).status).toBe(404);
    const page = await send(`${url}/digits`);
    expect([page.status, page.headers.location]).toEqual([302, '/digits/']);
  });
});
