import type { FastifyInstance } from 'fastify';

import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { messageOf } from '../../core/errors.js';
import type { PageExample } from '../../deployment/web/page-model.js';
import type { ServedModels } from '../models.js';
import { PerVersion } from '../per-version.js';
import { chosenModel, modelParameter } from './model-choice.js';

/** Finds images of the test set of a model's data that a visitor may see; none where there are none. */
export type FindExamples = (description: CheckpointDescription) => Promise<readonly PageExample[]>;

/** Registers `GET /model/examples`: images of the test set to try the model with. They are looked for once for each version. */
export function registerExamples(app: FastifyInstance, models: ServedModels, find: FindExamples): void {
  const known = new PerVersion<readonly PageExample[]>();
  const schema = {
    tags: ['Model'],
    summary: 'Test images to try a served model with; none unless --examples allows them',
    querystring: modelParameter,
  };
  app.get('/model/examples', { config: { role: 'infer' }, schema }, async (request) => {
    const examples = await known.of(chosenModel(models, request), ({ description }) =>
      // The reason may name a path of this machine: for the log alone.
      find(description).catch((error: unknown) => {
        request.log.warn({ reqId: request.id, error: messageOf(error) }, 'no examples');
        return [];
      }),
    );
    return { examples };
  });
}
