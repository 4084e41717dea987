import { fileURLToPath } from 'node:url';

import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { stringify } from 'yaml';

import { packageFolder } from '../../core/package-folder.js';
import { version } from '../../core/version.js';
import type { ApiDescription } from '../../reports/openapi/description.js';
import { apiPage } from '../../reports/openapi/page.js';
import type { ServedModels } from '../models.js';
import type { ClassificationService } from '../service.js';
import { INPUT } from '../protocol/request.js';
import type { DescribedVersion } from '../versions.js';
import { registerFiles } from './static-files.js';

/** The page loads nothing from another origin. */
const CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Its script, which the build makes of `src/page/docs`. */
const SCRIPT = fileURLToPath(new URL('dist/docs/main.js', packageFolder));
/** More pixels of an example of a request would fill the page. */
const MOST_PIXELS = 4096;

/** Registers the OpenAPI description of every route that follows, and its page at /docs, which needs no network. */
export async function registerDocumentation(app: FastifyInstance, models: ServedModels): Promise<void> {
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
    transform: ({ schema, url, route }) => {
      const role = route.config?.role ?? 'administer';
      return { url, schema: { ...schema, ...(role !== 'nobody' && { 'x-role': role }) } };
    },
  });
  // Relative to the description itself (/docs/json), so that it is true below any path of a proxy.
  const describe = (): object => ({ ...app.swagger(), servers: [{ url: '..' }] });
  const options = { config: { role: 'infer' as const }, schema: { hide: true } };
  app.get('/docs', options, ({ caller }, reply) => {
    const description = app.swagger() as unknown as ApiDescription;
    const [model] = models.allowedTo(caller!);
    reply.header('content-security-policy', CONTENT_POLICY).type('text/html; charset=utf-8');
    return apiPage({ description, ...examplesOf(model) });
  });
  // Its addresses are relative to the one without a slash.
  app.get('/docs/', options, (_request, reply) => reply.redirect('../docs'));
  app.get('/docs/json', options, () => describe());
  app.get('/docs/yaml', options, (_request, reply) =>
    reply.type('application/yaml').send(stringify(describe())),
  );
  registerFiles(app, new Map([['main.js', SCRIPT]]), '/docs');
}

/** Requests to begin with: those of a model that is served, with a black image where one is small. */
function examplesOf(model: ClassificationService | undefined): {
  values: Record<string, string>;
  bodies: Record<string, unknown>;
} {
  const found = model && describedModel(model);
  if (!found) return { values: {}, bodies: {} };
  const { height, width, channels } = found.description.shape;
  const pixels = height * width * channels;
  const data = pixels > MOST_PIXELS ? undefined : new Array<number>(pixels).fill(0);
  const body = { inputs: [{ name: INPUT, datatype: 'UINT8', shape: [1, height, width, channels], data }] };
  return {
    values: { name: model.name, version: found.version },
    bodies: {
      '/v2/models/{name}/infer': body,
      '/v2/models/{name}/versions/{version}/infer': body,
    },
  };
}

/** A model in production; undefined where there is none yet. */
function describedModel({ versions }: ClassificationService): DescribedVersion | undefined {
  return versions.roles.has('production') ? versions.describe() : undefined;
}
