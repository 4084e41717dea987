import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import type { DecisionRule } from '../../evaluation/decisions/rule.js';
import { pagePreparationFor } from '../../data/imaging/preparation-for.js';
import type { RuntimeName } from '../../engine/onnx-runtime/builds.js';
import { isDense, type PageModel } from './page-model.js';

/** The activation of a model that is dense layers on raw pixels alone; else null. */
function denseActivationOf({ model, config }: CheckpointDescription): string | null {
  const { activation, features = 'raw' } = config;
  if (model.name !== 'mlp' || features !== 'raw') return null;
  return typeof activation === 'string' ? activation : null;
}

/** Whether the page needs ONNX Runtime to run a model in a browser. */
export function needsOnnxRuntime(description: CheckpointDescription): boolean {
  return !isDense({ denseActivation: denseActivationOf(description) });
}

/** Describes a model for the page. */
export function describeForPage(
  description: CheckpointDescription,
  version: string,
  rule: DecisionRule,
  runtimes: readonly RuntimeName[],
): PageModel {
  const { run, classNames, shape, preprocessing, model } = description;
  return {
    version,
    run,
    classNames,
    shape,
    preprocessing: { scale: preprocessing.scale, offset: preprocessing.offset },
    preparation: pagePreparationFor(description),
    model: { name: model.name, description: model.description },
    denseActivation: denseActivationOf(description),
    // Without what training images look like: that tells more of them than a visitor needs.
    rule: { temperature: rule.temperature, policy: rule.policy },
    runtimes,
  };
}
