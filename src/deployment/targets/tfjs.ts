import { join } from 'node:path';

import { version_core } from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { writeFileAtomically } from '../../core/files.js';
import { traceAnyBatch } from '../../engine/tracing/batch-trace.js';
import { byteSignature } from '../registered.js';
import { requireTensorFlow } from '../requirements.js';
import type { DeploymentSource, ExportedModel } from '../source.js';
import { encodeGraphModel, graphModelNames } from '../tfjs/graph-model.js';
import { defineTarget } from './target.js';

/** A graph model for TensorFlow.js, in browsers and in Node.js; it scales the pixels itself. */
export const tfjs = defineTarget({
  name: 'tfjs',
  summary: 'graph model with preprocessing, for TensorFlow.js (tf.loadGraphModel)',
  destination: 'folder',
  options: z.strictObject({}),
  export: exportGraphModel,
});

async function exportGraphModel(
  source: DeploymentSource,
  _: unknown,
  folder: string,
): Promise<ExportedModel> {
  requireTensorFlow('tfjs', source);
  const { description } = source.checkpoint;
  const pass = traceAnyBatch(source.forward, description.shape);
  const { model, shards } = await encodeGraphModel(pass, description);
  for (const [name, bytes] of shards) await writeFileAtomically(join(folder, name), bytes);
  await writeFileAtomically(join(folder, 'model.json'), model);
  // Loaded only when needed: other targets do without TensorFlow.js's converter.
  const { LoadedGraphModel } = await import('../tfjs/load-graph-model.js');
  const loaded = await LoadedGraphModel.load(folder);
  const { inputs, outputs } = byteSignature(source, [
    { name: graphModelNames.logits, type: 'float32', shape: ['batch', description.classNames.length] },
  ]);
  return {
    engine: `TensorFlow.js ${version_core}, tf.loadGraphModel`,
    signature: { inputs: inputs.map((input) => ({ ...input, type: 'int32' })), outputs },
    classify: (images) => loaded.classify(images),
    dispose() {
      loaded.dispose();
      return Promise.resolve();
    },
  };
}
