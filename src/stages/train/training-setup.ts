import type { Checkpoint } from '../../artifacts/checkpoint.js';
import type { PreparedDescription } from '../../artifacts/prepared.js';
import type { ActiveBackend } from '../../engine/backends/backend.js';
import { pluginOptions } from '../../core/config/common-options.js';
import { ToolkitError } from '../../core/errors.js';
import { processorName } from '../../core/processes.js';
import { version } from '../../core/version.js';
import {
  augmentation,
  combined,
  requireAugmentable,
  type Augmentation,
} from '../../models/augmentation/augment.js';
import { ownAugmentations } from '../../models/augmentation/own/index.js';
import { features } from '../../models/features/index.js';
import { parameterCount, type Model } from '../../models/model.js';
import { balancedWeights } from '../../training/class-weights.js';
import { losses } from '../../training/losses/index.js';
import type { ClassWeights, ExampleLosses } from '../../training/losses/loss.js';
import { optimizers } from '../../training/optimizers/index.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import { schedules } from '../../training/schedules/index.js';
import { withScaledRate } from '../../training/schedules/rate-scaling.js';
import type { Schedule } from '../../training/schedules/schedule.js';
import type { RunDescription } from '../../training/run-writer.js';
import { buildModelOnFeatures } from '../../models/load-model.js';
import { pluginsOf, type TrainConfiguration, type TrainResolution } from './train-options.js';
import type { TrainingSet } from './training-set.js';

/**
 * The network of a configuration, for the images of a data set; what its features learn from data, they learn from the training
 * split alone.
 */
export async function modelFor(
  { model, features: settings, seed }: TrainConfiguration,
  set: TrainingSet,
): Promise<Model> {
  const { shape, classNames } = set.data;
  const { name, ...options } = settings;
  const feature = features.get(name);
  const fitted = feature?.fit?.(options as never, {
    ...(await set.sample()),
    scaling: set.plan.scaling,
    seed,
  });
  return buildModelOnFeatures(model, settings, { shape, classes: classNames.length }, fitted);
}

/** The optimiser of a configuration. */
export function optimizerFor({ optimizer: { name, ...options } }: TrainConfiguration): Optimizer {
  // The options were parsed by this very definition's schema; the union of all of them is what TypeScript sees.
  return optimizers.require(name).build(options as never);
}

/** The augmentation of a configuration; undefined if there is none. Throws USAGE for one that the images cannot have. */
export function augmentationFor(
  values: TrainConfiguration,
  { data, plan }: TrainingSet,
): Augmentation | undefined {
  requireAugmentable(values, data.shape);
  const { name, ...options } = values.augment;
  const task = { shape: data.shape, scaling: plan.scaling };
  // As of the optimiser's.
  return combined([augmentation(values, plan.scaling), ownAugmentations.require(name).build(options, task)]);
}

/** The loss of a configuration, for each example. */
export function lossFor(
  { loss: { name, ...options } }: TrainConfiguration,
  weights: ClassWeights,
): ExampleLosses {
  // As of the optimiser's.
  return losses.require(name).build(options as never, weights);
}

/** The weight of each class in the loss of a configuration. Throws USAGE for weights of classes that are not those of the data. */
export async function classWeightsFor(
  { classWeights }: TrainConfiguration,
  set: TrainingSet,
): Promise<ClassWeights> {
  if (classWeights === undefined) return undefined;
  if (classWeights === 'balanced') return balancedWeights(await set.classCounts());
  const { classNames } = set.data;
  const missing = classNames.find((name) => !Object.hasOwn(classWeights, name));
  const unknown = Object.keys(classWeights).find((name) => !classNames.includes(name));
  if (missing === undefined && unknown === undefined) return classNames.map((name) => classWeights[name]!);
  throw new ToolkitError('USAGE', {
    message: `--class-weights: ${unknown === undefined ? `no weight for class "${missing}"` : `no class "${unknown}"`}`,
    hint: `give a weight for each class: ${classNames.join(', ')}`,
  });
}

/** How much each class counts where the images of an epoch are balanced; undefined where they are not. */
export async function samplingWeights(
  { sampling }: TrainConfiguration,
  set: TrainingSet,
): Promise<ClassWeights> {
  return sampling === 'balanced' ? balancedWeights(await set.classCounts()) : undefined;
}

/** How the learning rate changes in a configuration. Throws USAGE where it cycles a momentum that the optimiser does not have. */
export function scheduleFor(
  {
    schedule: { name, ...options },
    optimizer: { name: optimizer },
    scaleRate,
    batchSize,
  }: TrainConfiguration,
  { slots }: Optimizer,
): Schedule {
  // As of the optimiser's.
  const schedule = schedules.require(name).build(options as never);
  if (!schedule.momentumAt || slots.length > 0) return withScaledRate(schedule, scaleRate, batchSize);
  throw new ToolkitError('USAGE', {
    message: `--cycle-momentum: the optimiser ${optimizer} has no momentum`,
    hint: 'use --optimizer momentum, adam or adamw',
  });
}

/**
 * What all checkpoints of a run say of it.
 *
 * @param origin the checkpoint that it goes on from, or takes weights from
 */
export function describeRun(
  run: string,
  { values, flat }: TrainResolution,
  { data, plan: { images, validationSplit, scalingName, scaling } }: TrainingSet,
  model: Model,
  backend: ActiveBackend,
  origin?: Checkpoint,
): RunDescription {
  const plugins = pluginsOf(values);
  const initial = origin?.description[values.resume === undefined ? 'origin' : 'initial'];
  return {
    format: 'mnist-train/checkpoint',
    version: 1,
    toolkit: version,
    run,
    config: withoutPlaces(flat),
    ...(plugins.length > 0 && { plugins }),
    ...(initial && { initial }),
    model: { name: values.model.name, description: model.description, parameters: parameterCount(model) },
    classNames: data.classNames,
    shape: data.shape,
    preprocessing: { scaling: scalingName, ...scaling },
    data: {
      dataset: data.dataset,
      fingerprint: data.fingerprint,
      validationSplit,
      splitSeed: data.defaults.seed,
      trainingImages: images.training,
      validationImages: images.validation,
      ...(data.imported && { imported: data.imported }),
    },
    random: { seed: values.seed, generator: 'xoshiro128**' },
    machine: {
      backend: backend.name,
      backendVersion: backend.version,
      device: backend.device,
      threads: backend.threads,
      processor: processorName(),
      oneDnn: backend.oneDnn,
      instructionSet: backend.instructionSet,
      node: process.version,
      execution: null,
    },
  };
}

/** What is not kept beside the files of plug-ins: nothing is loaded from it again. */
const PLACES = ['folder', 'mpi'];

/** A configuration without files and folders from which nothing is loaded again. */
function withoutPlaces(flat: TrainResolution['flat']): Record<string, unknown> {
  const kept = Object.entries(flat).filter(([key]) => !(key in pluginOptions) && !PLACES.includes(key));
  return Object.fromEntries(kept);
}

/** Throws CHECKPOINT_REFUSED where a run's data are not those that it was trained on so far. */
export function requireSameData(
  { path, description: { data } }: Checkpoint,
  { fingerprint, defaults }: PreparedDescription,
): void {
  if (data.fingerprint !== fingerprint) {
    const reason = `trained on other data than now lie in the data set "${data.dataset}"`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
  if (data.splitSeed !== defaults.seed && data.validationImages > 0) {
    const reason = `its validation split was drawn with seed ${data.splitSeed}, and the data are now preprocessed with ${defaults.seed}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
}
