import type { Checkpoint } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { translateToOnnx } from './translate.js';
import { traceAnyBatch } from '../../engine/tracing/batch-trace.js';
import { tensorFlowBackend } from '../../tensorflow/backend/tfjs-backend.js';
import { loadModel } from '../../models/load-model.js';

/**
 * A checkpoint's model in ONNX, from bytes to probabilities, on the backend that was started. Throws BACKEND_UNAVAILABLE,
 * EXPORT_UNSUPPORTED and CHECKPOINT_REFUSED.
 */
export async function exportOnnx(checkpoint: Checkpoint): Promise<Uint8Array> {
  if (!tensorFlowBackend()) {
    throw new ToolkitError('BACKEND_UNAVAILABLE', {
      backend: 'present',
      reason: 'ONNX is made from what TensorFlow records',
      hint: 'use --backend tensorflow',
    });
  }
  const { description } = checkpoint;
  const { model, variables } = loadModel(checkpoint);
  try {
    const pass = traceAnyBatch((images) => model.apply(images, variables.values()), description.shape);
    return await translateToOnnx(pass, description, { input: 'uint8', weights: 'float32' });
  } finally {
    variables.dispose();
  }
}
