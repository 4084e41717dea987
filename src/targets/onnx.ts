import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomically } from '../core/files.js';
import { OnnxModel } from '../deployment/onnx/runtime.js';
import { onnxNames, translateToOnnx } from '../deployment/onnx/translate.js';
import { byteSignature } from '../deployment/registered.js';
import { requireTensorFlow } from '../deployment/requirements.js';
import type { DeploymentSource, ExportedModel } from '../deployment/source.js';
import { traceAnyBatch } from '../engine/batch-trace.js';
import { defineTarget } from './target.js';

/** What quantised weights may cost, in points of accuracy. */
const QUANTISED_LOSS = 0.2;

const options = z.strictObject({
  quantize: z
    .enum(['none', 'int8'])
    .default('none')
    .meta({ description: 'store the weights in a quarter of the space, for at most 0.2 points of accuracy' }),
  input: z
    .enum(['uint8', 'float32'])
    .default('uint8')
    .meta({ description: 'type of the pixels, which are from 0 to 255 either way' }),
});

/** A model for ONNX Runtime and everything else that reads ONNX; it scales the pixels itself. */
export const onnx = defineTarget({
  name: 'onnx',
  summary: 'an ONNX model, preprocessing included, for any number of images',
  destination: 'folder',
  options,
  export: exportOnnx,
});

async function exportOnnx(
  source: DeploymentSource,
  { quantize, input }: z.output<typeof options>,
  folder: string,
): Promise<ExportedModel> {
  requireTensorFlow('onnx', source);
  const { description } = source.checkpoint;
  const pass = traceAnyBatch(source.forward, description.shape);
  const weights = quantize === 'int8' ? 'int8' : 'float32';
  const path = join(folder, 'model.onnx');
  await writeFileAtomically(path, await translateToOnnx(pass, description, { input, weights }));
  const model = await OnnxModel.load(await readFile(path));
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
    ...(quantize === 'int8' ? { accuracyLoss: QUANTISED_LOSS } : {}),
  };
}
