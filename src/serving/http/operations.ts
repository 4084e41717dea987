import type { FastifyInstance } from 'fastify';

import type { ServerMetrics } from '../metrics.js';
import type { ServedModels } from '../models.js';
import type { ClassificationService } from '../service.js';

/** Registers the routes for operators: metrics for Prometheus and a status. */
export function registerOperations(app: FastifyInstance, models: ServedModels, metrics: ServerMetrics): void {
  const config = { role: 'operate' } as const;
  const tags = ['Operations'];
  app.get('/metrics', { config, schema: { tags, summary: 'Prometheus metrics' } }, async (_request, reply) =>
    reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
  const summary = 'Status: versions, traffic, drift, live accuracy';
  app.get('/status', { config, schema: { tags, summary } }, () => ({
    ...statusOf(models.first),
    models: [...models].map(statusOf),
  }));
}

function statusOf({ name, versions, monitor }: ClassificationService): Record<string, unknown> {
  const { roles, traffic, queued } = versions;
  return { model: name, versions: Object.fromEntries(roles), traffic, queued, ...monitor.status() };
}
