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

/** Of Swagger UI's bar, only the switch between light and dark is of use: there is one description, and no logo. */
const BAR_STYLE = `
.swagger-ui .topbar { padding: 0.25rem 0; background: none; }
.swagger-ui .topbar .link, .swagger-ui .topbar .download-url-wrapper { display: none; }
.swagger-ui .topbar-wrapper { justify-content: flex-end; }
`;

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
      // Makes the page's addresses relative.
      indexPrefix: '.',
      // Relative to the description itself (/docs/json), so that it is true below any path of a proxy.
      transformSpecification: (description) => ({ ...description, servers: [{ url: '..' }] }),
      transformSpecificationClone: false,
      staticCSP: true,
      transformStaticCSP: () => CONTENT_POLICY,
      // Swagger UI would otherwise load a badge from a web service.
      uiConfig: { validatorUrl: null },
      theme: { title: 'mnist serve – API', css: [{ filename: 'bar.css', content: BAR_STYLE }] },
    });
  });
}
