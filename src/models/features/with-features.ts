import type { Model } from '../model.js';
import { sumOfCosts } from '../pass-cost.js';
import type { FeatureExtractor } from './feature.js';

/** A model that is shown features of images as one that is shown images: the extractor is its first part. */
export function withFeatures(extractor: FeatureExtractor, model: Model): Model {
  const { embedding } = model;
  return {
    description: `${extractor.description}, ${model.description}`,
    // The extractor's last, so that the model's own start as they would without it.
    parameters: [...model.parameters, ...extractor.parameters],
    ...(model.cost && { cost: sumOfCosts([model.cost, extractor.cost]) }),
    apply: (images, ...rest) => model.apply(extractor.apply(images, rest[0]), ...rest),
    embedding: embedding && {
      size: embedding.size,
      apply: (images, values) => embedding.apply(extractor.apply(images, values), values),
    },
  };
}
