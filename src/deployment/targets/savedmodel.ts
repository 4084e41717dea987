import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomically } from '../../core/files.js';
import { byteSignature } from '../registered.js';
import { requireTensorFlow } from '../requirements.js';
import { encodeSavedModel, savedModelNames } from '../saved-model.js';
import type { DeploymentSource, ExportedModel } from '../source.js';
import { traceAnyBatch } from '../../engine/tracing/batch-trace.js';
import type { LabelledImages } from '../../core/images.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { Session } from '../../tensorflow/c-api/session.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import { defineTarget } from './target.js';

/** A SavedModel; TensorFlow Serving wants a numbered folder in the one that it is given. */
export const savedmodel = defineTarget({
  name: 'savedmodel',
  summary: 'SavedModel with preprocessing, for TensorFlow Serving and Python',
  destination: 'folder',
  options: z.strictObject({}),
  export: exportSavedModel,
});

async function exportSavedModel(
  source: DeploymentSource,
  _: unknown,
  folder: string,
): Promise<ExportedModel> {
  requireTensorFlow('savedmodel', source);
  const { description } = source.checkpoint;
  const pass = traceAnyBatch(source.forward, description.shape);
  const versionFolder = join(folder, '1');
  await writeFileAtomically(join(versionFolder, 'saved_model.pb'), await encodeSavedModel(pass, description));
  const { api, config } = tensorFlowContext();
  const session = new Session(api, config, versionFolder);
  const { logits } = savedModelNames;
  return {
    engine: `TensorFlow ${api.TF_Version()}, as it loads a SavedModel`,
    signature: byteSignature(source, [
      { name: logits, type: 'float32', shape: ['batch', description.classNames.length] },
    ]),
    classify: (images) => run(session, images),
    dispose() {
      session.close();
      return Promise.resolve();
    },
  };
}

async function run(session: Session, { count, shape, pixels }: LabelledImages): Promise<Float32Array> {
  const sizes = [count, shape.height, shape.width, shape.channels];
  const [probabilities] = await session.run({
    feeds: { [savedModelNames.input]: { type: DataType.UINT8, shape: sizes, values: pixels } },
    fetches: [savedModelNames.probabilities],
  });
  return probabilities as Float32Array;
}
