/**
 * The parts that plug-ins are made of: definitions, layers, initialisers and options. A plug-in is an ES module that exports definitions;
 * docs/plugins.md says how it is used. `tf` and `z` are those of this package, wherever the plug-in lies.
 */
export * as tf from '@tensorflow/tfjs-core';
export { z } from 'zod';

export { isToolkitError, ToolkitError, type ErrorCode, type ExitCode } from './core/errors.js';
export type { ImageShape, LabelledImages, PixelScaling } from './core/images.js';
export type { Random } from './core/random.js';
export type { Configurable } from './core/config/resolve.js';

export {
  defineModel,
  type Embedding,
  type FeatureMaps,
  type Model,
  type ModelDefinition,
  type ModelTask,
  type ParameterSpec,
  type ParameterValues,
  type TrainingPass,
} from './models/model.js';
export { layersModel, type LayersModel, type LayersModelOptions } from './models/importing/layers-model.js';
export {
  defineAugmentation,
  type AugmentationDefinition,
  type AugmentationTask,
} from './models/augmentation/own/own-augmentation.js';
export type { Augmentation } from './models/augmentation/augment.js';
export type { Randomness } from './engine/tracing/randomness.js';
export {
  defineFeatures,
  type FeatureDefinition,
  type FeatureExtractor,
  type FittedValues,
  type FittingData,
} from './models/features/feature.js';
export {
  defineExplainer,
  type Attribution,
  type Explain,
  type ExplainerDefinition,
  type Question,
} from './evaluation/explanation/explainer.js';
export {
  defineSource,
  type OwnImage,
  type OwnImages,
  type OwnPixels,
  type SourceDefinition,
  type SourceTask,
} from './data/collection/own/own-source.js';
export { defineMetric, type MetricDefinition, type MetricTask } from './evaluation/own/own-metric.js';
export { defineTarget, type TargetDefinition } from './deployment/targets/target.js';
export type { DeploymentSource, ExportedModel } from './deployment/source.js';
export { activationNames, activations, type ActivationName } from './models/activations.js';
export {
  initializerNames,
  initializers,
  type Initializer,
  type InitializerName,
} from './models/initializers.js';
export {
  activationOption,
  dropoutOption,
  filtersOption,
  initializerOption,
  kernelSizeOption,
} from './models/options.js';
export type { PassCost } from './models/pass-cost.js';

export { activation } from './models/layers/activation.js';
export { averagePooling, globalAveragePooling } from './models/layers/average-pooling.js';
export { batchNormalization, type BatchNormalizationOptions } from './models/layers/batch-normalization.js';
export {
  convolution,
  depthwiseConvolution,
  separableConvolution,
  type ConvolutionOptions,
  type DepthwiseConvolutionOptions,
  type Padding,
  type SeparableConvolutionOptions,
} from './models/layers/convolution.js';
export { dense, type DenseOptions } from './models/layers/dense.js';
export { dropout } from './models/layers/dropout.js';
export { flatten } from './models/layers/flatten.js';
export {
  chain,
  valueOf,
  type Layer,
  type MapLayer,
  type MapShape,
  type SequenceLayer,
  type SequenceShape,
} from './models/layers/layer.js';
export { groupNormalization, usualGroups } from './models/layers/group-normalization.js';
export { layerNormalization } from './models/layers/layer-normalization.js';
export { maxPooling } from './models/layers/max-pooling.js';
export {
  normalizedConvolution,
  type NormalizedConvolutionOptions,
} from './models/layers/normalized-convolution.js';
export { patches } from './models/layers/patches.js';
export { positions } from './models/layers/positions.js';
export { recurrent, type RecurrentOptions } from './models/layers/recurrent.js';
export { residual } from './models/layers/residual.js';
export { rows } from './models/layers/rows.js';
export { selfAttention, type SelfAttentionOptions } from './models/layers/self-attention.js';
export { sequence } from './models/layers/sequence.js';
export { sequencePooling } from './models/layers/sequence-pooling.js';
export { transformerBlock, type TransformerBlockOptions } from './models/layers/transformer-block.js';

export {
  defineOptimizer,
  type InPlaceUpdate,
  type Optimizer,
  type OptimizerDefinition,
  type ParameterState,
} from './training/optimizers/optimizer.js';
export {
  decoupledDecayOptions,
  decays,
  learningRateOption,
  weightPenaltyOptions,
  withWeightPenalty,
  type WeightDecay,
} from './training/optimizers/options.js';
export {
  defineLoss,
  weightsOf,
  type ClassWeights,
  type ExampleLosses,
  type LossDefinition,
} from './training/losses/loss.js';
export {
  defineSchedule,
  type RunLength,
  type Schedule,
  type ScheduleDefinition,
} from './training/schedules/schedule.js';
