import type { FastifyInstance } from 'fastify';

import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';

/** Registers the liveness and readiness probes. Load balancers and orchestrators have no token, so they need none. */
export function registerHealth(app: FastifyInstance, models: ServedModels, isStopping: () => boolean): void {
  const config = { role: 'nobody' } as const;
  // No lock beside them on the documentation page.
  const documented = { tags: ['Health'], security: [] };
  app.get('/v2/health/live', { config, schema: { ...documented, summary: 'Liveness' } }, () => ({
    live: true,
  }));
  app.get('/v2/health/ready', { config, schema: { ...documented, summary: 'Readiness' } }, () => {
    if (isStopping()) throw new HttpError('STOPPING');
    for (const { versions } of models) {
      if (!versions.roles.has('production')) throw new HttpError('NOT_READY');
    }
    return { ready: true };
  });
}
