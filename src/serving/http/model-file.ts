import type { FastifyInstance } from 'fastify';

import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { encodeSafetensors } from '../../artifacts/safetensors.js';
import { pagePreparationFor } from '../../stages/foreign-picture.js';
import type { ModelVersions } from '../versions.js';

/** What the page needs to compute in the browser what the server computes. */
interface PageModel {
  version: string;
  description: object;
  parameters: Buffer;
}

/** `GET /model/description` and `GET /model/parameters`: the served model for the page, without the state of its training. */
export function registerModelFile(app: FastifyInstance, versions: ModelVersions): void {
  const config = { role: 'infer' as const };
  const tags = ['classify'];
  let known: PageModel | undefined;
  const current = async (): Promise<PageModel> => {
    const lease = versions.acquire();
    lease.release();
    if (known?.version !== lease.version) {
      known = pageModel(lease.version, await versions.checkpointOf(lease.version));
    }
    return known;
  };
  app.get(
    '/model/description',
    { config, schema: { tags, summary: 'what the served model is' } },
    async () => (await current()).description,
  );
  app.get(
    '/model/parameters',
    { config, schema: { tags, summary: 'the served model’s parameters (safetensors)' } },
    async (_request, reply) => reply.type('application/octet-stream').send((await current()).parameters),
  );
}

function pageModel(version: string, { description, tensors }: Checkpoint): PageModel {
  const { run, classNames, shape, preprocessing, model, config } = description;
  const parameters = new Map([...tensors].filter(([name]) => name.startsWith('parameters/')));
  return {
    version,
    description: {
      version,
      run,
      classNames,
      shape,
      preprocessing,
      preparation: pagePreparationFor(description),
      model,
      activation: config['activation'] ?? null,
    },
    parameters: Buffer.concat(encodeSafetensors({ tensors: parameters, metadata: {} })),
  };
}
