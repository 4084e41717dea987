import type { Checkpoint } from '../artifacts/checkpoint.js';
import type { PreparedData } from '../artifacts/prepared.js';
import type { ActiveBackend } from '../backends/backend.js';
import { ToolkitError } from '../core/errors.js';
import { processorName } from '../core/processes.js';
import { version } from '../core/version.js';
import type { PixelScaling } from '../engine/images.js';
import { features } from '../features/index.js';
import { parameterCount, type Model } from '../models/model.js';
import { optimizers } from '../optimizers/index.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { schedules } from '../schedules/index.js';
import type { Schedule } from '../schedules/schedule.js';
import { pixelScaling, pixelStatistics, type ScalingName } from '../preparation/scaling.js';
import { stratifiedSplit, type Split } from '../preparation/split.js';
import type { RunDescription } from '../training/run-writer.js';
import { buildModelOnFeatures } from './load-model.js';
import type { TrainConfiguration, TrainResolution } from './train-options.js';

/** How a run uses its data set. */
export interface DataPlan {
  validationSplit: number;
  split: Split;
  scalingName: ScalingName;
  scaling: PixelScaling;
}

/** Splits and scales a prepared data set as a configuration asks, or as it was prepared. */
export function planData(
  { train, defaults }: PreparedData,
  { validationSplit = defaults.validationSplit, scaling = defaults.scaling }: Partial<TrainConfiguration>,
): DataPlan {
  // The split's seed is the data set's, so that runs with different seeds are judged on the same images.
  const split = stratifiedSplit(train.labels, validationSplit, defaults.seed);
  return {
    validationSplit,
    split,
    scalingName: scaling,
    scaling: pixelScaling(scaling, () => pixelStatistics(train, split.training)),
  };
}

/**
 * The network of a configuration, for the images of a data set; what its features learn from data, they learn from the training
 * split alone.
 */
export function modelFor(
  { model, features: settings, seed }: TrainConfiguration,
  { train, shape, classNames }: PreparedData,
  { split, scaling }: DataPlan,
): Model {
  const fittingData = { images: train, indices: split.training, scaling, seed };
  const { name, ...options } = settings;
  const fitted = features.get(name)?.fit?.(options as never, fittingData);
  return buildModelOnFeatures(model, settings, { shape, classes: classNames.length }, fitted);
}

/** The optimiser of a configuration. */
export function optimizerFor({ optimizer: { name, ...options } }: TrainConfiguration): Optimizer {
  const definition = optimizers.get(name);
  if (!definition) throw new Error(`there is no optimiser "${name}"`);
  // The options were parsed by this very definition's schema; the union of all of them is what TypeScript sees.
  return definition.build(options as never);
}

/** How the learning rate changes in a configuration. */
export function scheduleFor({ schedule: { name, ...options } }: TrainConfiguration): Schedule {
  const definition = schedules.get(name);
  if (!definition) throw new Error(`there is no schedule "${name}"`);
  // As of the optimiser's.
  return definition.build(options as never);
}

/** What all checkpoints of a run say of it. */
export function describeRun(
  run: string,
  { values, flat }: TrainResolution,
  data: PreparedData,
  { split, validationSplit, scalingName, scaling }: DataPlan,
  model: Model,
  backend: ActiveBackend,
): RunDescription {
  return {
    format: 'mnist-train/checkpoint',
    version: 1,
    toolkit: version,
    run,
    config: { ...flat },
    model: { name: values.model.name, description: model.description, parameters: parameterCount(model) },
    classNames: data.classNames,
    shape: data.shape,
    preprocessing: { scaling: scalingName, ...scaling },
    data: {
      dataset: data.dataset,
      fingerprint: data.fingerprint,
      validationSplit,
      splitSeed: data.defaults.seed,
      trainingImages: split.training.length,
      validationImages: split.validation.length,
    },
    random: { seed: values.seed, generator: 'xoshiro128**' },
    machine: {
      backend: backend.name,
      backendVersion: backend.version,
      device: backend.device,
      threads: backend.threads,
      processor: processorName(),
      node: process.version,
      execution: null,
    },
  };
}

/** Throws CHECKPOINT_REFUSED where a run's data are not those that it was trained on so far. */
export function requireSameData(
  { path, description: { data } }: Checkpoint,
  { fingerprint, defaults }: PreparedData,
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
