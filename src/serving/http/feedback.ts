import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';
import { ownerOf } from './callers.js';
import { jsonBody } from './json-body.js';
import { rateLimiter } from './rate-limits.js';

const schema = z.strictObject({
  /** The request's id: the answer's `x-request-id`. */
  id: z.string().min(1).max(256),
  /** Which of its images. */
  index: z.int().min(0).default(0),
  /** The true class: its name or number, of the version that classified the image. */
  label: z.union([z.string().min(1).max(256), z.int().min(0)]),
  /** The model that classified it; needed only where requests to several models have the same id. */
  model: z.string().max(256).optional(),
});

/**
 * Registers `POST /feedback`: the true label of an image that the same caller had classified.
 *
 * @param perSecond how many labels of each caller are taken in a second
 */
export function registerFeedback(app: FastifyInstance, models: ServedModels, perSecond: number): void {
  const takeFromLimit = rateLimiter(app, perSecond, ownerOf);
  const documented = {
    tags: ['Feedback'],
    summary: 'Send the true label of an image that you had classified',
    body: z.toJSONSchema(schema, { io: 'input' }),
  };
  app.post('/feedback', { config: { role: 'infer' }, schema: documented }, async (request) => {
    if (!(await takeFromLimit(request))) {
      throw new HttpError('RATE_LIMITED', `at most ${perSecond} labels a second are taken`);
    }
    const { id, index, label, model } = jsonBody(request, schema);
    const [owner, caller] = [ownerOf(request), request.caller!];
    const asked = model === undefined ? models.allowedTo(caller) : [models.namedFor(caller, model)];
    const { monitor } = asked.find((served) => served.monitor.remembers(owner, id, index)) ?? asked[0]!;
    return { id, index, ...(await monitor.label({ owner, id, index, label })) };
  });
}
