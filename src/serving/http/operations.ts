import type { FastifyInstance } from 'fastify';

import type { ServerMetrics } from '../metrics.js';
import type { ClassificationService } from '../service.js';

/** What those who run the server look at: metrics for Prometheus, and how things stand. */
export function registerOperations(
  app: FastifyInstance,
  service: ClassificationService,
  metrics: ServerMetrics,
): void {
  const config = { role: 'operate' } as const;
  const tags = ['operations'];
  app.get(
    '/metrics',
    { config, schema: { tags, summary: 'metrics in the text format of Prometheus' } },
    async (_request, reply) =>
      reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  const summary = 'versions, traffic, drift and live accuracy';
  app.get('/status', { config, schema: { tags, summary } }, () => ({
    model: service.versions.name,
    versions: Object.fromEntries(service.versions.roles),
    traffic: service.versions.traffic,
    queued: service.versions.queued,
    ...service.monitor.status(),
  }));
}
