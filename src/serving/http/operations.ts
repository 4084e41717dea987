import type { FastifyInstance } from 'fastify';

import type { ServerMetrics } from '../metrics.js';
import type { ServedModels } from '../models.js';
import { requireAllModels } from '../security/authenticator.js';
import type { ClassificationService } from '../service.js';

/** Registers the routes for operators: metrics for Prometheus and a status. */
export function registerOperations(app: FastifyInstance, models: ServedModels, metrics: ServerMetrics): void {
  const config = { role: 'operate' } as const;
  const tags = ['Operations'];
  app.get('/metrics', { config, schema: { tags, summary: 'Prometheus metrics' } }, async (request, reply) => {
    requireAllModels(request.caller!, models.names);
    return reply.header('content-type', metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  const summary = 'Status: versions, traffic, drift, live accuracy';
  app.get('/status', { config, schema: { tags, summary } }, ({ caller }) => {
    const all = models.allowedTo(caller!).map(statusOf);
    return { ...all[0], models: all };
  });
}

function statusOf({ name, versions, monitor }: ClassificationService): Record<string, unknown> {
  const { roles, traffic, queued } = versions;
  return { model: name, versions: Object.fromEntries(roles), traffic, queued, ...monitor.status() };
}
