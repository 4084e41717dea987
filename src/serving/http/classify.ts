import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { imageFormats } from '../../data/imaging/importing/image-header.js';
import { likenessOf } from '../../data/likeness/likeness.js';
import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';
import { ownerOf } from './callers.js';
import { fileOfForm } from './form-file.js';
import { chosenModel, modelParameter } from './model-choice.js';

/** Prepares an image file for the model; the notes go into the answer. Throws UNSUPPORTED_MEDIA_TYPE, UNPROCESSABLE or OVERLOADED. */
export type ReadPicture = (
  bytes: Uint8Array,
  description: CheckpointDescription,
) => Promise<{ pixels: Uint8Array; notes: Readonly<Record<string, unknown>> }>;

/** Registers `POST /classify`: an image file in, its class and probabilities out. */
export function registerClassify(
  app: FastifyInstance,
  models: ServedModels,
  readPicture: ReadPicture,
  bodyLimit: number,
): void {
  const schema = {
    tags: ['Classification'],
    summary: `Classify an image file (${imageFormats.join(', ')})`,
    description: 'The request’s body is the file, or a form with one file.',
    consumes: [
      ...imageFormats.map((format) => `image/${format.toLowerCase()}`),
      'application/octet-stream',
      'multipart/form-data',
    ],
    body: { type: 'string', format: 'binary' },
    querystring: modelParameter,
  };
  app.post('/classify', { config: { role: 'infer' }, schema, bodyLimit }, async (request, reply) => {
    const service = chosenModel(models, request);
    const file = await imageFileOf(request);
    const lease = service.versions.acquire();
    let picture;
    try {
      picture = await readPicture(file, lease.description);
    } catch (error) {
      lease.release();
      throw error;
    }
    const options = { requestId: request.id, owner: ownerOf(request) };
    const { version, rule, verdicts } = await service.classify(lease, picture.pixels, 1, options);
    const { probabilities, decision } = verdicts[0]!;
    const { classNames } = rule.policy;
    const { shape } = lease.description;
    const likeness = rule.likeness && likenessOf(picture.pixels, shape, rule.likeness)[0];
    const nameOf = (index: number | null): string | null => (index === null ? null : classNames[index]!);
    return reply.send({
      id: request.id,
      model: service.name,
      version,
      class: decision.class,
      label: nameOf(decision.class),
      probability: decision.probability,
      abstained: decision.abstained,
      candidate: nameOf(decision.abstained ? decision.candidate : null),
      reason: decision.reason,
      probabilities: Object.fromEntries(classNames.map((name, index) => [name, probabilities[index]])),
      ...likeness,
      ...picture.notes,
    });
  });
}

/** The image file that a request brings: its body, or the file of a form. Throws BAD_REQUEST or UNSUPPORTED_MEDIA_TYPE. */
async function imageFileOf({ body, headers }: FastifyRequest): Promise<Uint8Array> {
  if (!(body instanceof Buffer) || body.length === 0) {
    throw new HttpError('BAD_REQUEST', 'the body must be an image file');
  }
  const type = headers['content-type'] ?? '';
  if (/^multipart\/form-data\b/i.test(type)) return fileOfForm(body, type);
  if (/^(image\/|application\/octet-stream)/i.test(type)) return body;
  throw new HttpError(
    'UNSUPPORTED_MEDIA_TYPE',
    'send the image file itself, as image/… or application/octet-stream, or as a file of multipart/form-data',
  );
}
