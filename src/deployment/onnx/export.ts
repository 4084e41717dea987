import { join } from 'node:path';

import { z } from 'zod';

import { readArtifact } from '../../core/encryption/artifact-file.js';
import { ToolkitError } from '../../core/errors.js';
import { writeFileAtomically } from '../../core/files.js';
import { elementCount } from '../../core/images.js';
import { traceAnyBatch } from '../../engine/tracing/batch-trace.js';
import { byteSignature } from '../registered.js';
import { requireTensorFlow } from '../requirements.js';
import type { DeploymentSource, ExportedModel } from '../source.js';
import { OnnxModel } from './runtime.js';
import { MIN_QUANTISED } from './weights.js';
import { onnxNames, translateToOnnx, type OnnxOptions } from './translate.js';

/** What quantised weights may cost, in points of accuracy. */
const QUANTISED_LOSS = 0.2;

export const quantizeOption = z
  .enum(['none', 'int8'])
  .default('none')
  .meta({ description: 'quantise the weights to 8 bits; refused if accuracy drops by more than 0.2 points' });

/** The file of a model in a folder. */
export const ONNX_FILE = 'model.onnx';

/**
 * Writes a model in ONNX into a folder, and loads it from there. Throws BACKEND_UNAVAILABLE, EXPORT_UNSUPPORTED, ONNX_RUNTIME_MISSING,
 * STORAGE_FULL, STORAGE_DENIED, and USAGE where it has no weights to quantise.
 *
 * @param target what messages call the export
 */
export async function writeOnnx(
  target: string,
  source: DeploymentSource,
  { input, weights }: OnnxOptions,
  folder: string,
): Promise<ExportedModel> {
  requireTensorFlow(target, source);
  if (weights === 'int8') requireQuantisable(source);
  const { description } = source.checkpoint;
  const pass = traceAnyBatch(source.forward, description.shape);
  const path = join(folder, ONNX_FILE);
  await writeFileAtomically(path, await translateToOnnx(pass, description, { input, weights }));
  const model = await OnnxModel.load(await readArtifact(path), source.context);
  const logits = {
    name: onnxNames.logits,
    type: 'float32' as const,
    shape: ['batch', description.classNames.length],
  };
  const signature = byteSignature(source, [logits]);
  return {
    engine: model.engine,
    signature: { ...signature, inputs: signature.inputs.map((tensor) => ({ ...tensor, type: input })) },
    classify: (images) => model.classify(images, input),
    dispose: () => model.dispose(),
    ...(weights === 'int8' ? { accuracyLoss: QUANTISED_LOSS } : {}),
  };
}

/** Throws USAGE for a model whose weights are all stored as they are. */
function requireQuantisable({ checkpoint: { tensors } }: DeploymentSource): void {
  const sizes = [...tensors]
    .filter(([name]) => name.startsWith('parameters/'))
    .map(([, { shape }]) => elementCount(shape));
  if (sizes.some((size) => size >= MIN_QUANTISED)) return;
  throw new ToolkitError('USAGE', {
    message: `--quantize int8 has no effect: no layer of this model has ${MIN_QUANTISED} weights or more`,
    hint: 'leave --quantize out: the model is small already',
  });
}

/** How weights are stored, by what --quantize says. */
export function weightsOf(quantize: z.output<typeof quantizeOption>): OnnxOptions['weights'] {
  return quantize === 'int8' ? 'int8' : 'float32';
}
