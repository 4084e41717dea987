import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import helmet from 'helmet';

import type { ServerMetrics } from '../metrics.js';
import type { Authenticator, Caller } from '../security/authenticator.js';
import { helmetOptions } from '../security/headers.js';
import type { TokenQuotas } from '../security/quotas.js';
import type { TokenRole } from '../security/roles.js';
import { withoutSecrets } from '../security/token.js';
import { admit } from './guards/admission.js';
import { BodyBudget, limitBodies } from './guards/body-budget.js';
import { limitedSender } from './callers.js';
import { decompressBodies } from './content-encoding.js';
import { registerCrossOrigin } from './guards/cross-origin.js';
import { answerBrokenRequest, answerError } from './guards/error-answers.js';
import { answerUnrouted, collectMethods } from './methods.js';
import { rateLimiter, registerRateLimits } from './rate-limits.js';
import { requestLogger } from './request-log.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The role that a route needs; "nobody" for those that are open to all. Without it, "administer". */
    role?: TokenRole | 'nobody';
    /** The model that it is of, where neither the address nor the route's own code says that. */
    model?: string;
    /** Whether it gives the model's weights, which is a right of its own. */
    isWeights?: boolean;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface AppOptions {
  /** Checks tokens; undefined on loopback, where no token is needed. */
  authenticator: Authenticator | undefined;
  metrics: ServerMetrics;
  /** How long a request may take to arrive, in milliseconds. */
  requestTimeoutMs: number;
  /** Requests a second for each token and network; undefined sets no limit. */
  rateLimit: number | undefined;
  /** Bytes of bodies that are held at a time, by all requests. */
  bodyBudget: number;
  /** How long a connection may stand still, also while its request is answered, in milliseconds. */
  idleTimeoutMs: number;
  /** With `ca`, clients must have a certificate that it signed. */
  tls: { cert: Buffer; key: Buffer; ca?: Buffer | undefined } | undefined;
  /** The names of the models that are served: tokens may be for others. */
  models: readonly string[];
  /** Counts the requests of tokens that have a quota. */
  quotas?: TokenQuotas | undefined;
  /** Addresses of reverse proxies whose word about clients is taken (X-Forwarded-For, -Host and -Proto). */
  trustedProxies: readonly string[];
  /** Origins whose pages may use the server. */
  allowedOrigins: ReadonlySet<string>;
  /** A path below which the server is reached as well, such as "/digits"; empty for none. */
  basePath: string;
  logger: FastifyServerOptions['logger'];
  /** Whether the server is stopping: it then reports that it is not ready and closes connections after each answer. */
  isStopping: () => boolean;
}

/** How often Node.js looks for connections that are too slow. */
const CONNECTION_CHECK_MS = 1000;
/** `admit` refuses a request without a Host header with a JSON error; Node.js would send an empty one. */
const SERVER_OPTIONS = { connectionsCheckingInterval: CONNECTION_CHECK_MS, requireHostHeader: false };
/** For headers, and for a TLS handshake before them. */
const HEADERS_TIMEOUT_MS = 5000;
/** A body where a route does not say otherwise: some short JSON. */
const BODY_LIMIT = 64 * 1024;
const MAX_CONNECTIONS = 2000;

/** Creates the HTTP server with everything that all routes share: authentication, limits, headers, errors, metrics. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app = newFastify(options);
  // Schemas document the routes; the routes' own code validates what comes in.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  // Bodies are bytes until a route reads them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  decompressBodies(app);
  limitBodies(app, new BodyBudget(options.bodyBudget), limitedSender);
  const methodsOf = collectMethods(app);
  // Before the plugins: their routes take what is set when they are registered.
  app.setErrorHandler((error: Error, request, reply) => answerError(error, request, reply, options));
  app.setNotFoundHandler((request, reply) => answerUnrouted(request, reply, methodsOf));
  app.decorateRequest('caller', undefined);
  await registerRateLimits(app);
  const { rateLimit } = options;
  const takeFromLimit = rateLimit === undefined ? undefined : rateLimiter(app, rateLimit, limitedSender);
  const logRequest = requestLogger();
  // Built once: @fastify/helmet builds its middleware anew for each request, which costs as much as the rest of the request.
  const setSecurityHeaders = helmet(helmetOptions(options.tls !== undefined));
  app.addHook('onRequest', async (request, reply) => {
    setSecurityHeaders(request.raw, reply.raw, rethrow);
    reply.header('x-request-id', request.id);
    return Promise.resolve();
  });
  // A browser asks without a token whether it may send one.
  await registerCrossOrigin(app, options.allowedOrigins);
  app.addHook('onRequest', (request) => admit(request, options, takeFromLimit));
  app.addHook('onSend', (_request, reply, payload, done) => {
    // A connection that stays open after its last answer would keep a stopping server waiting.
    if (options.isStopping()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    countRequest(request, reply, options.metrics);
    logRequest(request, reply);
    done();
  });
  return app;
}

function newFastify(options: AppOptions): FastifyInstance {
  const { requestTimeoutMs, idleTimeoutMs, tls, logger, trustedProxies, basePath } = options;
  const app = fastify({
    ...(tls && {
      https: { ...tls, ...clientsOf(tls), ...SERVER_OPTIONS, handshakeTimeout: HEADERS_TIMEOUT_MS },
    }),
    ...(tls ? {} : { http: { ...SERVER_OPTIONS } }),
    logger: logger ?? false,
    // `requestLogger` logs each request in one line, once it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    // A child logger for each request would be made for the few that log; the lines hold the request's id instead.
    childLoggerFactory: (own) => own,
    bodyLimit: BODY_LIMIT,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: idleTimeoutMs,
    keepAliveTimeout: 30_000,
    genReqId: requestId,
    return503OnClosing: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    rewriteUrl: ({ url = '/' }) => belowPath(url, basePath),
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      void answerError(error, request, reply, options);
    },
  } as FastifyServerOptions) as FastifyInstance;
  app.server.headersTimeout = Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs);
  app.server.maxConnections = MAX_CONNECTIONS;
  return app;
}

/** Mutual TLS, where there is an authority for the certificates of clients. */
function clientsOf({ ca }: NonNullable<AppOptions['tls']>): object {
  return ca ? { requestCert: true, rejectUnauthorized: true } : {};
}

/** An address without the path that a proxy has put before it, if it has. */
function belowPath(url: string, basePath: string): string {
  return basePath !== '' && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;
}

/** A client's own id, if it is harmless in a log and holds no token, or a new one. */
function requestId({ headers }: { headers: IncomingHttpHeaders }): string {
  const given = headers['x-request-id'];
  const isHarmless =
    typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) && withoutSecrets(given) === given;
  return isHarmless ? given : randomUUID();
}

function countRequest(request: FastifyRequest, reply: FastifyReply, metrics: ServerMetrics): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.requests.inc({ route, method: request.method, status: reply.statusCode });
  metrics.requestSeconds.observe({ route }, reply.elapsedTime / 1000);
}

function rethrow(error?: unknown): void {
  if (error instanceof Error) throw error;
}
