import type { Socket } from 'node:net';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { messageOf } from '../../../core/errors.js';
import { codeOfStatus, HttpError, type HttpErrorCode } from '../../http-errors.js';
import type { ServerMetrics } from '../../metrics.js';
import type { Authenticator } from '../../security/authenticator.js';

/** Answers a request with an error: JSON with the message, the code and the request's id. */
export function answerError(
  thrown: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics, authenticator }: { metrics: ServerMetrics; authenticator: Authenticator | undefined },
): FastifyReply {
  const error = asHttpError(thrown);
  metrics.rejected.inc({ code: error.code });
  logError(error, thrown, request);
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter);
  if (error.code === 'UNAUTHENTICATED' && authenticator) {
    const isPage = (request.headers.accept ?? '').includes('text/html');
    // Browsers ask for a password where Basic is offered; programs need not be.
    reply.header('www-authenticate', `${isPage ? 'Basic' : 'Bearer'} realm="mnist"`);
  }
  // The rest of a body that was not read must not be taken for the next request.
  if (error.status === 413 || error.status === 401) reply.header('connection', 'close');
  return reply
    .code(error.status)
    .header('content-type', 'application/json')
    .send(JSON.stringify({ error: error.message, code: error.code, request_id: request.id }));
}

/** What nobody expected has a line of its own; what is answered by design has the request's, with its status. */
function logError(
  { code, status, message, cause }: HttpError,
  thrown: Error,
  { id, log }: FastifyRequest,
): void {
  if (cause !== undefined && status >= 500) log.error({ reqId: id, error: messageOf(cause) }, code);
  else if (code === 'INTERNAL') log.error({ reqId: id, error: thrown.stack }, code);
  else log.debug({ reqId: id, code }, message);
}

/** Fastify's own client errors keep their status; an unexpected error does not show its message. */
function asHttpError(thrown: Error & { statusCode?: number }): HttpError {
  if (thrown instanceof HttpError) return thrown;
  const status = thrown.statusCode ?? 500;
  if (status >= 400 && status < 500) return new HttpError(codeOfStatus(status));
  return new HttpError('INTERNAL');
}

/** Answers what is not valid HTTP or did not arrive in time: there is no request to answer it through. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // Within a TLS handshake, nothing can be said.
  if (!/^(HPE_|ERR_HTTP_)/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, code, message } = new HttpError(brokenRequestCodes.get(error.code) ?? 'BAD_REQUEST');
  const body = JSON.stringify({ error: message, code });
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
  socket.destroySoon();
}

const brokenRequestCodes: ReadonlyMap<string | undefined, HttpErrorCode> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'REQUEST_TIMEOUT'],
  ['HPE_HEADER_OVERFLOW', 'HEADERS_TOO_LARGE'],
]);
