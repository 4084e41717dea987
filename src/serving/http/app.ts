import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse, type OutgoingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';

import fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

import { codeOfStatus, HttpError } from '../http-errors.js';
import type { ServerMetrics } from '../metrics.js';
import { requireRole, type Authenticator, type Caller } from '../security/authenticator.js';
import { hostName, isLoopback } from '../security/addresses.js';
import { RateLimiter } from '../security/rate-limiter.js';
import type { TokenRole } from '../security/roles.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The role that a route needs; "nobody" for those that are open to all. Without it, "administer". */
    role?: TokenRole | 'nobody';
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface AppOptions {
  /** Who may ask; undefined where only this machine can and no token is needed. */
  authenticator: Authenticator | undefined;
  metrics: ServerMetrics;
  /** The largest body, in bytes. */
  bodyLimit: number;
  /** How long a request may take to arrive, in milliseconds. */
  requestTimeoutMs: number;
  /** Requests a second for each caller; undefined sets no limit. */
  rateLimit: number | undefined;
  tls: { cert: Buffer; key: Buffer } | undefined;
  logger: FastifyServerOptions['logger'];
  /** Whether the server is stopping: health says so, and connections are not kept. */
  isStopping: () => boolean;
}

/** How often connections are looked at for those that are too slow. */
const CONNECTION_CHECK_MS = 1000;
/** A request without a Host header is refused by `admit`, with a JSON error; Node.js would send an empty one. */
const SERVER_OPTIONS = { connectionsCheckingInterval: CONNECTION_CHECK_MS, requireHostHeader: false };
const HEADERS_TIMEOUT_MS = 5000;

/** The HTTP server with everything that holds for each of its routes: identity, limits, headers, errors, counting. */
export function createApp(options: AppOptions): FastifyInstance {
  const { bodyLimit, requestTimeoutMs, tls, logger } = options;
  const app = fastify({
    ...(tls ? { https: { ...tls, ...SERVER_OPTIONS } } : {}),
    ...(tls ? {} : { http: { ...SERVER_OPTIONS } }),
    logger: logger ?? false,
    // One line a request, when it is answered: see `count`.
    logController: new LogController({ disableRequestLogging: true }),
    // A logger of its own for each request would be made for the sake of the few that log: the lines name the request.
    childLoggerFactory: (own) => own,
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 30_000,
    genReqId: requestId,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      void answerError(error, request, reply, options);
    },
  } as FastifyServerOptions) as FastifyInstance;
  app.server.headersTimeout = Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs);
  // Schemas describe the routes for people; what comes in is read by the routes' own code.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  // Bodies are bytes until a route reads them.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.decorateRequest('caller', undefined);
  const headers = securityHeaders(tls !== undefined);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers).header('x-request-id', request.id);
    await admit(request, options);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    // A connection that stays open after its last answer would keep a stopping server waiting.
    if (options.isStopping()) reply.header('connection', 'close');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(request, reply, options.metrics);
    done();
  });
  app.setErrorHandler((error: Error, request, reply) => answerError(error, request, reply, options));
  app.setNotFoundHandler(() => {
    throw new HttpError('NOT_FOUND');
  });
  return app;
}

/** A client's own id, if it is harmless in a log, or a new one. */
function requestId({ headers }: { headers: IncomingMessage['headers'] }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Who may come in: not more often than allowed, from no other site, and with a token of the role where tokens are needed. */
async function admit(request: FastifyRequest, { authenticator, ...options }: AppOptions): Promise<void> {
  if (request.headers.host === undefined) throw new HttpError('BAD_REQUEST', 'the Host header is missing');
  const role = request.routeOptions.config.role ?? 'administer';
  if (role === 'nobody') return;
  limiterOf(options)?.(request.ip);
  refuseOtherSites(request);
  if (authenticator) request.caller = await authenticator.authenticate(request.headers.authorization);
  else {
    // A web site could have its own name resolve to this machine; without tokens, the name must be this machine's.
    if (!isLoopback(hostName(request.headers.host ?? ''))) {
      throw new HttpError('FORBIDDEN', 'the Host header does not name this machine');
    }
    request.caller = { id: 'loopback', role: 'administer' };
  }
  // An address that does not exist is not found for whoever may ask at all.
  if (!request.is404) requireRole(request.caller, role);
}

const limiters = new WeakMap<ServerMetrics, RateLimiter>();

function limiterOf({
  rateLimit,
  metrics,
}: Pick<AppOptions, 'rateLimit' | 'metrics'>): ((caller: string) => void) | undefined {
  if (rateLimit === undefined) return undefined;
  let limiter = limiters.get(metrics);
  if (!limiter) limiters.set(metrics, (limiter = new RateLimiter(rateLimit)));
  return (caller) => {
    if (!limiter.take(caller)) throw new HttpError('RATE_LIMITED');
  };
}

/** What a page of another site makes a browser send is refused (Fetch Metadata). */
function refuseOtherSites({ headers, method }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site !== 'cross-site' && site !== 'same-site') return;
  // A link from elsewhere may lead to the page.
  if (method === 'GET' && headers['sec-fetch-mode'] === 'navigate') return;
  throw new HttpError('FORBIDDEN', 'pages of other sites may not use this server');
}

function count(request: FastifyRequest, reply: FastifyReply, metrics: ServerMetrics): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.requests.inc({ route, method: request.method, status: reply.statusCode });
  metrics.requestSeconds.observe({ route }, reply.elapsedTime / 1000);
  request.log.info(
    {
      reqId: request.id,
      method: request.method,
      url: request.url,
      status: reply.statusCode,
      ms: reply.elapsedTime,
    },
    'answered',
  );
}

function answerError(
  thrown: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics, authenticator }: AppOptions,
): FastifyReply {
  const error = asHttpError(thrown);
  metrics.rejected.inc({ code: error.code });
  if (error.status >= 500) request.log.error({ reqId: request.id, error: thrown.stack }, error.code);
  else request.log.debug({ reqId: request.id, code: error.code }, error.message);
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
  if (error.code === 'UNAUTHENTICATED' && authenticator) {
    const isPage = (request.headers.accept ?? '').includes('text/html');
    // Browsers ask for a password where Basic is offered; programs need not be.
    reply.header('www-authenticate', `${isPage ? 'Basic' : 'Bearer'} realm="mnist"`);
  }
  // What is left of a body that was not read must not be taken for the next request.
  if (error.status === 413 || error.status === 401) reply.header('connection', 'close');
  return reply
    .code(error.status)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: error.message, code: error.code, request_id: request.id }));
}

/** Fastify's own complaints keep their status; what nobody foresaw does not show its message. */
function asHttpError(thrown: Error & { statusCode?: number }): HttpError {
  if (thrown instanceof HttpError) return thrown;
  const status = thrown.statusCode ?? 500;
  if (status >= 400 && status < 500) return new HttpError(codeOfStatus(status));
  return new HttpError('INTERNAL');
}

/** What is no HTTP, or did not arrive in time, has no request to be answered through. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, code, message } = new HttpError(brokenRequestCodes[error.code ?? ''] ?? 'BAD_REQUEST');
  const body = JSON.stringify({ error: message, code });
  if (socket.writable) {
    socket.write(
      [
        `HTTP/1.1 ${status} ${code}`,
        'content-type: application/json',
        `content-length: ${Buffer.byteLength(body)}`,
        'connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroySoon();
}

const brokenRequestCodes: Readonly<Record<string, 'REQUEST_TIMEOUT' | 'HEADERS_TOO_LARGE'>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

/** Helmet's headers: the same for every answer, so they are computed once. */
function securityHeaders(hasTls: boolean): OutgoingHttpHeaders {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(helmetOptions(hasTls))(response.req, response, (error) => {
    if (error instanceof Error) throw error;
  });
  return response.getHeaders();
}

function helmetOptions(hasTls: boolean): HelmetOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'", "'wasm-unsafe-eval'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'worker-src': ["'self'", 'blob:'],
        'manifest-src': ["'self'"],
        'form-action': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: hasTls,
    crossOriginEmbedderPolicy: true,
  };
}
