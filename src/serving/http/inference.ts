import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { version as toolkitVersion } from '../../core/version.js';
import { HttpError } from '../http-errors.js';
import { inferenceRequestSchema, INPUT, readInferenceRequest } from '../protocol/request.js';
import { encodeResponse, outputs } from '../protocol/response.js';
import type { ServedModels } from '../models.js';
import { ownerOf } from './callers.js';

/** What an inference request may bring. */
export interface InferenceLimits {
  /** Bytes of the body. */
  bodyLimit: number;
  /** Images: no more than can wait. */
  maxImages: number;
}

interface ModelAddress {
  Params: { name: string; version?: string };
}

const config = { role: 'infer' } as const;
const tags = ['Open Inference Protocol'];
const inferenceSchema = {
  tags,
  summary: 'Inference: classify images',
  body: z.toJSONSchema(inferenceRequestSchema, { io: 'input' }),
};
const HEADER_LENGTH = 'inference-header-content-length';

/** Registers the Open Inference Protocol (KServe v2), with its binary tensor data extension. */
export function registerInference(app: FastifyInstance, models: ServedModels, limits: InferenceLimits): void {
  app.get('/v2', { config, schema: { tags, summary: 'Server metadata' } }, () => ({
    name: 'mnist-train',
    version: toolkitVersion,
    extensions: ['binary_tensor_data', 'model_repository'],
  }));
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<ModelAddress>(path, { config, schema: { tags, summary: 'Model metadata' } }, ({ params }) => {
      const { versions } = models.named(params.name);
      const { description } = versions.describe(params.version);
      return metadataOf(versions.name, [...new Set(versions.roles.values())], description);
    });
    app.get<ModelAddress>(
      `${path}/ready`,
      { config, schema: { tags, summary: 'Model readiness' } },
      ({ params }) => {
        const { name, versions } = models.named(params.name);
        return { name, version: versions.describe(params.version).version, ready: true };
      },
    );
    app.post<ModelAddress>(
      `${path}/infer`,
      { config, schema: inferenceSchema, bodyLimit: limits.bodyLimit },
      (request, reply) => infer(models, request, reply, limits.maxImages),
    );
  }
}

async function infer(
  models: ServedModels,
  request: FastifyRequest<ModelAddress>,
  reply: FastifyReply,
  maxImages: number,
): Promise<FastifyReply> {
  const service = models.named(request.params.name);
  const lease = service.versions.acquire(request.params.version);
  let read;
  try {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const { shape } = lease.description;
    read = await readInferenceRequest(body, headerLengthOf(request), { shape, maxImages });
  } catch (error) {
    lease.release();
    throw error;
  }
  const { pixels, count, timeoutMs, id = request.id } = read;
  const options = { requestId: request.id, owner: ownerOf(request), timeoutMs };
  const classified = await service.classify(lease, pixels, count, options);
  const model = { name: service.name, version: classified.version, id };
  const { body, contentType, headerLength } = encodeResponse(read, model, classified);
  if (headerLength !== undefined) reply.header('Inference-Header-Content-Length', headerLength);
  return reply.header('content-type', contentType).send(body);
}

function headerLengthOf({ headers }: FastifyRequest): number | undefined {
  const text = headers[HEADER_LENGTH];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && /^\d{1,10}$/.test(text)) return Number(text);
  throw new HttpError('BAD_REQUEST', 'Inference-Header-Content-Length is not a number');
}

function metadataOf(name: string, versions: string[], description: CheckpointDescription): object {
  const { height, width, channels } = description.shape;
  const classes = description.classNames.length;
  return {
    name,
    versions,
    platform: 'mnist_train_tensorflow',
    inputs: [{ name: INPUT, datatype: 'UINT8', shape: [-1, height, width, channels] }],
    outputs: outputs.map(({ ofClasses, ...output }) => ({
      ...output,
      shape: ofClasses ? [-1, classes] : [-1],
    })),
    parameters: { class_names: description.classNames, model: description.model.description },
  };
}
