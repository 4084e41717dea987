import type { FastifyInstance } from 'fastify';

import { HttpError } from '../http-errors.js';
import type { ModelVersions } from '../versions.js';

/** Whether the server lives, and whether it can answer: for load balancers and orchestrators, which have no token. */
export function registerHealth(
  app: FastifyInstance,
  versions: ModelVersions,
  isStopping: () => boolean,
): void {
  const config = { role: 'nobody' } as const;
  const tags = ['health'];
  app.get('/v2/health/live', { config, schema: { tags, summary: 'whether the server lives' } }, () => ({
    live: true,
  }));
  app.get('/v2/health/ready', { config, schema: { tags, summary: 'whether it can answer' } }, () => {
    if (isStopping()) throw new HttpError('STOPPING');
    if (!versions.roles.has('production')) throw new HttpError('NOT_READY');
    return { ready: true };
  });
}
