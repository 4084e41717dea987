import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { complaintOf } from '../../core/validation.js';
import { HttpError } from '../http-errors.js';

/** The JSON in a request's body, checked. Throws UNSUPPORTED_MEDIA_TYPE or BAD_REQUEST. */
export function jsonBody<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
): z.output<Schema> {
  // Only this type makes a browser ask before it lets another site's page send a request.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new HttpError('UNSUPPORTED_MEDIA_TYPE', 'send JSON, with the content type application/json');
  }
  let value: unknown;
  try {
    value = JSON.parse((request.body as Buffer | undefined)?.toString('utf8') ?? '');
  } catch {
    throw new HttpError('BAD_REQUEST', 'the body is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpError('BAD_REQUEST', complaintOf(parsed.error));
}
