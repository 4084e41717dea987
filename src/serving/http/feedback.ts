import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

import { HttpError } from '../http-errors.js';
import type { ClassificationService } from '../service.js';
import { jsonBody } from './json-body.js';

const schema = z.strictObject({
  /** The request's id: the answer's `x-request-id`. */
  id: z.string().min(1).max(256),
  /** Which of its images. */
  index: z.int().min(0).default(0),
  /** The true class: its name or number. */
  label: z.union([z.string().min(1).max(256), z.int().min(0)]),
});

/** Registers `POST /feedback`: the true label of a classified image. */
export function registerFeedback(app: FastifyInstance, service: ClassificationService): void {
  const documented = {
    tags: ['Feedback'],
    summary: 'Send the true label of a classified image',
    body: z.toJSONSchema(schema, { io: 'input' }),
  };
  app.post('/feedback', { config: { role: 'infer' }, schema: documented }, async (request) => {
    const { id, index, label } = jsonBody(request, schema);
    const lease = service.versions.acquire();
    lease.release();
    const { classNames } = lease.description;
    const number = typeof label === 'number' ? label : classNames.indexOf(label);
    const name = classNames[number];
    if (name === undefined) {
      throw new HttpError('BAD_REQUEST', `label must be one of ${classNames.join(', ')}, or its number`);
    }
    const { version, predicted, correct } = await service.monitor.label(id, index, number, lease.description);
    return { id, index, version, predicted: classNames[predicted], label: name, correct };
  });
}
