import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Lets pages of other origins use the server (CORS): answers what their browsers ask before, and marks the answers. */
export async function registerCrossOrigin(app: FastifyInstance, allowed: ReadonlySet<string>): Promise<void> {
  if (allowed.size === 0) return;
  // The plugin's route for every OPTIONS request says no role.
  app.addHook('onRoute', (route) => {
    if (route.url === '*') route.config = { ...route.config, role: 'infer' };
  });
  await app.register(cors, {
    hideOptionsRoute: true,
    delegator: (request: FastifyRequest, callback) => {
      const { origin } = request.headers;
      callback(null, {
        origin: origin !== undefined && allowed.has(origin) ? origin : false,
        preflight: request.headers['access-control-request-method'] !== undefined,
        methods: ['GET', 'HEAD', 'POST', 'PUT'],
        allowedHeaders: [
          'authorization',
          'content-encoding',
          'content-type',
          'inference-header-content-length',
          'x-request-id',
        ],
        exposedHeaders: ['inference-header-content-length', 'retry-after', 'x-request-id'],
        maxAge: 600,
      });
    },
  });
}
