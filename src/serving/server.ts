import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';

import { messageOf, systemCodeOf, ToolkitError } from '../core/errors.js';
import type { StageContext } from '../core/events.js';
import { exportOnnx } from '../deployment/onnx/export-checkpoint.js';
import { PAGE_FOLDER } from '../deployment/web/files.js';
import { registerAdministration, type RecordAct } from './http/administration.js';
import { createApp, type AppOptions } from './http/app.js';
import { registerClassify } from './http/classify.js';
import { registerDocumentation } from './http/documentation.js';
import { registerExamples, type FindExamples } from './http/examples.js';
import { registerFeedback } from './http/feedback.js';
import { registerHealth } from './http/health.js';
import { registerInference, type InferenceLimits } from './http/inference.js';
import { registerModelFile } from './http/model-file.js';
import { registerOperations } from './http/operations.js';
import { filesOf, registerFiles } from './http/static-files.js';
import type { EncryptedService } from './encrypted/encrypted-service.js';
import { pageSeal } from './encrypted/page-seal.js';
import { registerEncrypted } from './encrypted/routes.js';
import { keepReturningMemory } from './memory-return.js';
import type { ServedModels } from './models.js';
import { pageRuntime } from './page-runtime.js';
import { PicturePool, type PictureLimits } from './picture-pool.js';
import { pictureReader } from './read-picture.js';

/** What a server is built from. */
export interface ServerParts {
  models: ServedModels;
  /** Classifies encrypted images; undefined if the server does not. */
  encrypted?: EncryptedService | undefined;
  app: Omit<AppOptions, 'isStopping' | 'models'>;
  limits: InferenceLimits & PictureLimits;
  /** Records an administrative act before it is done. */
  record: RecordAct;
  /** Finds test images for the page. */
  examples: FindExamples;
  /** Where the server reports what it fetches. */
  context: StageContext;
  /** Labels a second that are taken from each caller. */
  feedbackRate: number;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** How long the server goes on after `stop`, until load balancers have noticed, in milliseconds. */
  drainDelayMs: number;
  /** How long requests that have begun may then take, in milliseconds. */
  drainTimeoutMs?: number;
}

/** What became of the requests that had begun when the server was stopped. */
export interface Shutdown {
  /** Requests whose connection was closed before they were answered. */
  cutOff: number;
}

/** A server that listens. */
export interface HttpServer {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Stops it: answers what has begun, then closes the connections that are left. */
  stop: () => Promise<Shutdown>;
}

const DRAIN_TIMEOUT_MS = 10_000;

/** Starts an HTTP server for some models and returns when it listens. Throws ADDRESS_UNAVAILABLE. */
export async function startHttpServer(parts: ServerParts): Promise<HttpServer> {
  const { models, host, drainDelayMs, drainTimeoutMs = DRAIN_TIMEOUT_MS } = parts;
  const { metrics, tls } = parts.app;
  let isStopping = false;
  const app = await createApp({ ...parts.app, models: models.names, isStopping: () => isStopping });
  const countOpen = openRequests(app);
  const pictures = new PicturePool(parts.limits);
  await registerRoutes(app, parts, pictures, () => isStopping);
  const port = await listen(app, parts);
  const stopReturningMemory = keepReturningMemory();
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls ? 'https' : 'http'}://${name}:${port}`,
    async stop() {
      isStopping = true;
      if (drainDelayMs > 0) await wait(drainDelayMs);
      const cutOff = await closeApp(app, countOpen, drainTimeoutMs);
      stopReturningMemory();
      pictures.close();
      await parts.encrypted?.close();
      for (const { versions } of models) await versions.close();
      metrics.close();
      return { cutOff };
    },
  };
}

async function registerRoutes(
  app: FastifyInstance,
  {
    models,
    encrypted,
    app: { metrics, basePath },
    limits,
    record,
    feedbackRate,
    examples,
    context,
  }: ServerParts,
  pictures: PicturePool,
  isStopping: () => boolean,
): Promise<void> {
  await registerDocumentation(app, models);
  if (basePath !== '') redirectTo(app, `${basePath}/`);
  registerFiles(app, await filesOf(PAGE_FOLDER));
  registerFiles(app, pageRuntime(context), '/runtime');
  if (encrypted) registerFiles(app, pageSeal(encrypted), '/encrypted/seal');
  await app.register((routes, _options, done) => {
    registerHealth(routes, models, isStopping);
    registerInference(routes, models, limits);
    registerClassify(routes, models, pictureReader(pictures), limits.bodyLimit);
    registerFeedback(routes, models, feedbackRate);
    registerExamples(routes, models, examples);
    registerModelFile(routes, models, exportOnnx, encrypted !== undefined);
    if (encrypted) registerEncrypted(routes, encrypted, models.first.name);
    registerOperations(routes, models, metrics);
    registerAdministration(routes, models, record);
    done();
  });
}

/** The page's addresses are relative: they need the slash at the end. */
function redirectTo(app: FastifyInstance, page: string): void {
  const options = { config: { role: 'infer' as const }, schema: { hide: true } };
  app.get(page.slice(0, -1), options, (_request, reply) => reply.redirect(page));
}

/** Counts requests that have begun and are not answered; returns how many there are now. */
function openRequests(app: FastifyInstance): () => number {
  let open = 0;
  app.server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open++;
    // Comes after the last byte of the answer, and also where the connection ends before it.
    response.once('close', () => open--);
  });
  return () => open;
}

async function listen(app: FastifyInstance, { host, port }: ServerParts): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const details = { address: `${host}:${port}`, reason: systemCodeOf(error) ?? messageOf(error) };
    throw new ToolkitError('ADDRESS_UNAVAILABLE', details, { cause: error });
  }
  const address = app.server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/** Closes the server; returns how many requests were cut off. */
async function closeApp(app: FastifyInstance, countOpen: () => number, timeoutMs: number): Promise<number> {
  let cutOff = 0;
  // A client that never ends its request must not keep the server forever.
  const timer = setTimeout(() => {
    cutOff = countOpen();
    app.server.closeAllConnections();
  }, timeoutMs);
  await app.close();
  clearTimeout(timer);
  return cutOff;
}
