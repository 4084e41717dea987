import type { Model } from '../model.js';
import { sumOfCosts } from '../pass-cost.js';
import type { FeatureExtractor } from './feature.js';

/** Prepends a feature extractor to a model, so that the result takes images. */
export function withFeatures(extractor: FeatureExtractor, model: Model): Model {
  const { embedding } = model;
  return {
    description: `${extractor.description}, ${model.description}`,
    // The extractor's parameters come last, so that the model's initial values do not depend on it.
    parameters: [...model.parameters, ...extractor.parameters],
    ...(model.cost && { cost: sumOfCosts([model.cost, extractor.cost]) }),
    apply: (images, ...rest) => model.apply(extractor.apply(images, rest[0]), ...rest),
    fixedFeatures: {
      size: extractor.size,
      centering: extractor.centering,
      extract: (images, values) => extractor.apply(images, values),
      model,
    },
    embedding: embedding && {
      size: embedding.size,
      apply: (images, values) => embedding.apply(extractor.apply(images, values), values),
    },
  };
}
