import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { ServerMetrics } from '../../src/serving/metrics.js';
import { startHttpServer, type HttpServer } from '../../src/serving/server.js';
import { ClassificationService, countingObserver } from '../../src/serving/service.js';
import { CheckpointSource } from '../../src/serving/source.js';
import { ModelVersions } from '../../src/serving/versions.js';
import { Monitor } from '../../src/serving/watching/monitor.js';
import { temporaryFolder } from '../support/folders.js';

/** A server that has loaded no model, and waits for unfinished requests for only a moment when it is stopped. */
async function unreadyServer(): Promise<HttpServer> {
  const metrics = new ServerMetrics();
  const observer = countingObserver(metrics, { changed: () => undefined, refused: () => undefined });
  const versions = new ModelVersions(
    new CheckpointSource('mnist', join(await temporaryFolder(), 'none.safetensors')),
    { maxBatch: 1, maxQueue: 1, maxDelay: 0, traffic: { canary: 0, shadow: false } },
    () => Promise.reject(new Error('there is no model')),
    observer,
  );
  const monitor = new Monitor(
    { window: 200, feedbackFolder: undefined, minAccuracy: undefined },
    metrics.registry,
  );
  return startHttpServer({
    service: new ClassificationService(versions, metrics, monitor, 1000),
    app: {
      authenticator: undefined,
      metrics,
      idleTimeoutMs: 60_000,
      trustedProxies: [],
      allowedOrigins: new Set(),
      basePath: '',
      requestTimeoutMs: 60_000,
      rateLimit: undefined,
      tls: undefined,
      logger: false,
    },
    limits: { bodyLimit: 1000, maxImages: 1, maxPixels: 1000, waitMs: 1000 },
    record: () => Promise.resolve(),
    ...{ host: '127.0.0.1', port: 0, drainDelayMs: 0, drainTimeoutMs: 100 },
  });
}

it('counts the requests that it cuts off when it stops', async () => {
  const { url, stop } = await unreadyServer();
  expect((await fetch(`${url}/v2/health/live`)).status).toBe(200);
  expect((await fetch(`${url}/v2/health/ready`)).status).toBe(503);
  const port = Number(new URL(url).port);
  // The body never ends. Node.js answers "continue" when it has the headers, so the request has begun then.
  const head =
    'POST /classify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n';
  const sockets = await Promise.all(
    [1, 2].map(async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write(head);
      await once(socket, 'data');
      return socket;
    }),
  );
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  expect(await stop()).toEqual({ cutOff: 2 });
  await closed;
});

it('cuts nothing off where every request was answered', async () => {
  const { url, stop } = await unreadyServer();
  await (await fetch(`${url}/v2/health/live`)).text();
  expect(await stop()).toEqual({ cutOff: 0 });
});
