import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { encodeSafetensors } from '../../artifacts/safetensors.js';
import { isToolkitError } from '../../core/errors.js';
import { describeForPage } from '../../deployment/web/describe-model.js';
import type { PageModel } from '../../deployment/web/page-model.js';
import { isOnnx } from '../../models/onnx/settings.js';
import { HttpError } from '../http-errors.js';
import type { ServedModels } from '../models.js';
import { PerVersion } from '../per-version.js';
import type { DescribedVersion } from '../versions.js';
import { chosenModel, modelParameter } from './model-choice.js';

/** Exports a checkpoint's model to ONNX. Throws BACKEND_UNAVAILABLE or EXPORT_UNSUPPORTED. */
export type ExportOnnx = (checkpoint: Checkpoint) => Promise<Uint8Array>;

type Encode = (checkpoint: Checkpoint) => Promise<Uint8Array> | Uint8Array;

/**
 * Registers what the page needs to run the served model in the browser: `GET /model/description`, and `GET /model/parameters` or,
 * for models with other than dense layers, `GET /model/onnx`.
 *
 * @param takesEncrypted whether the server classifies encrypted images, too: for the first model
 */
export function registerModelFile(
  app: FastifyInstance,
  models: ServedModels,
  exportOnnx: ExportOnnx,
  takesEncrypted: boolean,
): void {
  const config = { role: 'infer' as const };
  const schema = (summary: string): object => ({ tags: ['Model'], summary, querystring: modelParameter });
  const summary = 'Description of a served model';
  app.get('/model/description', { config, schema: schema(summary) }, (request): PageModel => {
    const { name, versions } = chosenModel(models, request);
    const { description, version, rule } = versions.describe();
    const model = describeForPage(description, version, rule, ['webgpu', 'wasm']);
    const names = models.allowedTo(request.caller!).map((service) => service.name);
    return { ...model, name, models: names, takesEncrypted: takesEncrypted && name === models.first.name };
  });
  const giveFile = (url: string, what: string, encode: Encode): void => {
    const files = new PerVersion<Buffer>();
    app.get(url, { config: { ...config, isWeights: true }, schema: schema(what) }, async (request, reply) => {
      const service = chosenModel(models, request);
      const { versions } = service;
      if (versions.isEnsemble) throw new HttpError('CONFLICT', 'an ensemble runs on the server alone');
      if (isOnnx(versions.describe().description)) {
        throw new HttpError('CONFLICT', 'an imported ONNX model runs on the server alone');
      }
      const make = async ({ version }: DescribedVersion): Promise<Buffer> =>
        Buffer.from(await encode(await versions.checkpointOf(version)));
      const bytes = await files.of(service, make).catch((error: unknown) => {
        throw refusalOf(error, request);
      });
      return reply.type('application/octet-stream').send(bytes);
    });
  };
  giveFile('/model/parameters', 'Parameters of a served model (safetensors)', parametersOf);
  giveFile('/model/onnx', 'A served model in ONNX', exportOnnx);
}

/** What a client is told: messages about files name paths of this machine, and go into the log alone. */
function refusalOf(error: unknown, request: FastifyRequest): unknown {
  if (!isToolkitError(error)) return error;
  if (error.code === 'EXPORT_UNSUPPORTED') return new HttpError('CONFLICT', error.message);
  request.log.error(
    { reqId: request.id, code: error.code, error: error.message },
    'the model is not available',
  );
  return new HttpError('CONFLICT', 'the model is not available; the server’s log has the reason');
}

/** Without the state of the training. */
function parametersOf({ tensors }: Checkpoint): Uint8Array {
  const parameters = new Map([...tensors].filter(([name]) => name.startsWith('parameters/')));
  return Buffer.concat(encodeSafetensors({ tensors: parameters, metadata: {} }));
}
