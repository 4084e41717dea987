import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { StageContext } from '../../core/events.js';
import type { BackendOptions } from '../../engine/backends/options.js';
import { startOnnxRuntime } from '../../engine/onnx-runtime/start.js';
import { loadDecisionRule } from '../../evaluation/decisions/load-decision.js';
import { loadModel } from '../../models/load-model.js';
import { OnnxClassifier } from '../../models/onnx/classifier.js';
import { isOnnx } from '../../models/onnx/settings.js';
import type { ServedModel } from '../../serving/predictor.js';

/**
 * Loads a checkpoint's model with the rule by which it decides. Throws CHECKPOINT_REFUSED, DECISION_INVALID, and what `startOnnxRuntime` throws.
 *
 * @param images that are to be classified at a time
 */
export async function loadDecidingModel(
  checkpoint: Checkpoint,
  images: number,
  { threads }: Pick<BackendOptions, 'threads'>,
  context: StageContext,
): Promise<ServedModel> {
  const rule = await loadDecisionRule(checkpoint.path, checkpoint.description, context);
  if (!isOnnx(checkpoint.description)) return { ...loadModel(checkpoint, images), rule };
  await startOnnxRuntime(threads, context);
  return { onnx: await OnnxClassifier.open(checkpoint), rule };
}
