import { join } from 'node:path';

import { silentContext } from '../../src/core/events.js';
import { ServerMetrics } from '../../src/serving/metrics.js';
import { ServedModels } from '../../src/serving/models.js';
import { startHttpServer, type HttpServer, type ServerParts } from '../../src/serving/server.js';
import { ClassificationService, countingObserver } from '../../src/serving/service.js';
import { CheckpointSource } from '../../src/serving/source.js';
import { ModelVersions } from '../../src/serving/versions.js';
import { Monitor } from '../../src/serving/watching/monitor.js';
import { temporaryFolder } from './folders.js';

type Options = ServerParts['app'];

/** A server that has loaded no model, and waits for unfinished requests for only a moment when it is stopped. */
export async function unreadyServer(
  options: Partial<Options> = {},
  limits: Partial<ServerParts['limits']> = {},
): Promise<HttpServer> {
  const metrics = new ServerMetrics();
  const observer = countingObserver('mnist', metrics, { changed: () => undefined, refused: () => undefined });
  const versions = new ModelVersions(
    new CheckpointSource('mnist', join(await temporaryFolder(), 'none.safetensors')),
    { maxBatch: 1, maxQueue: 1, maxDelay: 0, traffic: { canary: 0, shadow: false } },
    () => Promise.reject(new Error('there is no model')),
    observer,
  );
  const monitor = new Monitor(
    { model: 'mnist', window: 200, feedback: undefined, minAccuracy: undefined },
    metrics.monitors,
  );
  return startHttpServer({
    models: new ServedModels([new ClassificationService(versions, metrics, monitor, 1000)]),
    app: {
      authenticator: undefined,
      metrics,
      idleTimeoutMs: 60_000,
      trustedProxies: [],
      allowedOrigins: new Set(),
      basePath: '',
      requestTimeoutMs: 60_000,
      bodyBudget: 2 ** 24,
      rateLimit: undefined,
      tls: undefined,
      logger: false,
      ...options,
    },
    limits: { bodyLimit: 1000, maxImages: 1, maxPixels: 1000, waitMs: 1000, ...limits },
    record: () => Promise.resolve(),
    context: silentContext(),
    examples: () => Promise.resolve([]),
    feedbackRate: 100,
    ...{ host: '127.0.0.1', port: 0, drainDelayMs: 0, drainTimeoutMs: 100 },
  });
}
