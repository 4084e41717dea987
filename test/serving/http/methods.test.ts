import { request } from 'node:http';

import { expect, it, onTestFinished } from 'vitest';

import { unreadyServer } from '../../support/unready-server.js';

/** The status and the Allow header of an answer; unlike fetch, for any method. */
function outcome(url: string, method: string): Promise<[number | undefined, string | undefined]> {
  return new Promise((resolve, reject) => {
    request(url, { method }, (response) => {
      response.resume();
      resolve([response.statusCode, response.headers.allow]);
    })
      .on('error', reject)
      .end();
  });
}

it('a wrong method gets 405 with those that are right, and OPTIONS says them', async () => {
  const { url, stop } = await unreadyServer();
  onTestFinished(async () => {
    await stop();
  });
  const infer = '/v2/models/mnist/infer';
  const cases: [method: string, path: string, status: number, allow?: string][] = [
    ['GET', infer, 405, 'POST, OPTIONS'],
    ['DELETE', `/v2/models/mnist/versions/3/infer?x=1`, 405, 'POST, OPTIONS'],
    ['HEAD', '/classify', 405, 'POST, OPTIONS'],
    ['PROPFIND', '/classify', 405, 'POST, OPTIONS'],
    ['PATCH', '/traffic', 405, 'PUT, OPTIONS'],
    ['POST', '/v2/health/live', 405, 'GET, HEAD, OPTIONS'],
    ['POST', '/', 405, 'GET, HEAD, OPTIONS'],
    ['POST', '/docs', 405, 'GET, HEAD, OPTIONS'],
    ['OPTIONS', infer, 204, 'POST, OPTIONS'],
    ['HEAD', '/v2', 200],
    ['OPTIONS', '/nothing', 404],
    ['GET', '/v2/models/mnist/infer/more', 404],
    ['POST', '/nothing', 404],
  ];
  for (const [method, path, status, allow] of cases) {
    expect([method, path, ...(await outcome(url + path, method))]).toEqual([method, path, status, allow]);
  }
});

it('every documented address refuses every method that it does not document', async () => {
  const { url, stop } = await unreadyServer();
  onTestFinished(async () => {
    await stop();
  });
  const { paths } = (await (await fetch(`${url}/docs/json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  for (const [path, documented] of Object.entries(paths)) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE']) {
      if (method.toLowerCase() in documented) continue;
      const [status, allow] = await outcome(url + path.replaceAll(/\{\w+\}/g, 'x'), method);
      expect([path, method, status]).toEqual([path, method, 405]);
      for (const known of Object.keys(documented)) expect(allow).toContain(known.toUpperCase());
    }
  }
});
