import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import type { DecisionRule } from '../../evaluation/decisions/rule.js';
import { pagePreparationFor } from '../../data/imaging/preparation-for.js';
import type { PageModel, RuntimeName } from './page-model.js';

/** Describes a model for the page. */
export function describeForPage(
  description: CheckpointDescription,
  version: string,
  rule: DecisionRule,
  runtimes: readonly RuntimeName[],
): PageModel {
  const { run, classNames, shape, preprocessing, model, config } = description;
  const { activation, features = 'raw' } = config;
  const isDense = model.name === 'mlp' && features === 'raw';
  return {
    version,
    run,
    classNames,
    shape,
    preprocessing: { scale: preprocessing.scale, offset: preprocessing.offset },
    preparation: pagePreparationFor(description),
    model: { name: model.name, description: model.description },
    denseActivation: isDense && typeof activation === 'string' ? activation : null,
    rule,
    runtimes,
  };
}
