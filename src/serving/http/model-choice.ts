import type { FastifyRequest } from 'fastify';

import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';
import type { ClassificationService } from '../service.js';

/** Documents the parameter of addresses that are not below a model's name. */
export const modelParameter = {
  type: 'object',
  properties: { model: { type: 'string', description: 'name of the model; without it, the first' } },
} as const;

/**
 * The model that a request asks for with `?model=NAME`, else the first. Throws NOT_FOUND, BAD_REQUEST for several names, and FORBIDDEN
 * where the caller's token is for others.
 */
export function chosenModel(models: ServedModels, { query, caller }: FastifyRequest): ClassificationService {
  const { model } = query as { model?: string | string[] };
  if (Array.isArray(model)) throw new HttpError('BAD_REQUEST', 'name one model');
  return models.namedFor(caller!, model ?? models.first.name);
}
