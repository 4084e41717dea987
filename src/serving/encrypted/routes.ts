import type { FastifyInstance, FastifyRequest } from 'fastify';

import { storedLimit } from '../../deployment/encrypted/parameters.js';
import { ownerOf } from '../http/callers.js';
import { HttpError } from '../http-errors.js';
import type { EncryptedService } from './encrypted-service.js';

const BINARY = 'application/octet-stream';

/**
 * Registers the routes for encrypted images: what clients need to know of the model, evaluation keys in, encrypted images in and
 * encrypted answers out.
 *
 * @param model the name of the served model that they count as: tokens may be for others
 */
export function registerEncrypted(app: FastifyInstance, service: EncryptedService, model: string): void {
  const config = { role: 'infer' as const, model };
  const schema = (summary: string, more = {}): object => ({ tags: ['Encrypted images'], summary, ...more });
  const { description, sizes } = service.model;
  const takes = { consumes: [BINARY] };
  app.get(
    '/encrypted/model',
    { config, schema: schema('Description of the model, from which clients make keys and encrypt images') },
    () => description,
  );
  app.post(
    '/encrypted/keys',
    {
      config,
      schema: schema('Upload evaluation keys ("mnist encrypted keygen")', takes),
      bodyLimit: storedLimit(sizes.evaluationKeys),
    },
    async (request, reply) => {
      const key = await service.addKeys(bytesOf(request), ownerOf(request));
      return reply.code(201).send({ key });
    },
  );
  app.delete<{ Params: { key: string } }>(
    '/encrypted/keys/:key',
    { config, schema: schema('Delete evaluation keys') },
    async (request, reply) => {
      await service.removeKeys(request.params.key, ownerOf(request));
      return reply.code(204).send();
    },
  );
  app.post(
    '/encrypted/classify',
    {
      config,
      schema: schema(
        'Classify an encrypted image ("mnist encrypted encrypt"); the answer is encrypted',
        takes,
      ),
      bodyLimit: storedLimit(sizes.image),
    },
    async (request, reply) => {
      const answer = await service.classify(bytesOf(request), ownerOf(request));
      return reply.type(BINARY).send(Buffer.from(answer));
    },
  );
}

function bytesOf({ body }: FastifyRequest): Uint8Array {
  if (body instanceof Buffer && body.length > 0) return body;
  throw new HttpError('BAD_REQUEST', 'the body must be a file of "mnist encrypted"');
}
