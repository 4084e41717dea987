import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { HttpError } from '../http-errors.js';

/** Finds the methods that a path accepts. */
export type MethodsOf = (path: string) => ReadonlySet<string>;

/** Remembers the methods of every route that is registered from here on. */
export function collectMethods(app: FastifyInstance): MethodsOf {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // The one for all addresses is no address of its own.
    if (url !== '*') routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  return (path) =>
    new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
}

/** Answers requests for which there is no route: 405 or, to OPTIONS, 204 where the address accepts other methods, else 404. */
export function answerUnrouted(
  { method, url }: FastifyRequest,
  reply: FastifyReply,
  methodsOf: MethodsOf,
): FastifyReply {
  const methods = methodsOf(url.split('?', 1)[0]!);
  if (methods.size === 0) throw new HttpError('NOT_FOUND');
  reply.header('allow', [...methods, 'OPTIONS'].join(', '));
  if (method !== 'OPTIONS') throw new HttpError('METHOD_NOT_ALLOWED');
  return reply.code(204).send();
}

/** A route's address as an expression: a parameter is a part without slashes, and what ends in `*` goes on. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
