import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

import { version } from '../../core/version.js';

/** The page loads nothing from another origin. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Registers the OpenAPI description of every route that follows, and its page at /docs, which needs no network. */
export async function registerDocumentation(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      info: {
        title: 'mnist serve',
        description:
          'Real-time image classification: the Open Inference Protocol (KServe v2), and image files.',
        version,
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, role: 'infer' };
    });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      transformStaticCSP: () => CONTENT_POLICY,
      // Swagger UI would otherwise load a badge from a web service.
      uiConfig: { validatorUrl: null, layout: 'BaseLayout' },
      theme: { title: 'mnist serve – API' },
    });
  });
}
