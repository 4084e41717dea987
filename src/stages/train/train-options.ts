import { z } from 'zod';

import { readCheckpointDescription, type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveRun, resolveRunToResume, RUN_NAME } from '../../artifacts/run.js';
import { mixingFields } from '../../models/augmentation/mixing-options.js';
import { augmentationFields } from '../../models/augmentation/options.js';
import { ownAugmentations } from '../../models/augmentation/own/index.js';
import { privacyFields } from './privacy-options.js';
import { workerFields } from './workers/worker-options.js';
import { readInitialModel, settingsIn, type InitialModel } from '../import/initial-model.js';
import { backboneIn, resolveInitial } from '../import/initial-weights.js';
import { withClassWeights } from './class-weights-file.js';
import { folderFields, withFolderName } from './train-folder.js';
import { flagOf } from '../../core/config/fields.js';
import { callerLayer } from '../../core/config/layers.js';
import {
  allFields,
  DEFAULT_ORIGIN,
  optionFields,
  resolveOptions,
  type Layer,
  type Resolution,
  type Resolved,
} from '../../core/config/resolve.js';
import { ToolkitError } from '../../core/errors.js';
import { loadNamedPlugins } from '../../core/plugins/named-plugins.js';
import { recordOf, requireRecorded, type PluginRecord } from '../../core/plugins/records.js';
import { shellQuoted } from '../../core/format.js';
import { backendOptions, modelStageOptions } from '../../engine/backends/options.js';
import {
  checkpointsDirOption,
  dataDirOption,
  datasetOption,
  pluginOptions,
  seedOption,
} from '../../core/config/common-options.js';
import { metrics } from '../../evaluation/own/index.js';
import { isOwnMetric } from '../../evaluation/own/measure.js';
import { features } from '../../models/features/index.js';
import { models } from '../../models/index.js';
import { isOnnx, onnxRefusal } from '../../models/onnx/settings.js';
import { losses } from '../../training/losses/index.js';
import { optimizers } from '../../training/optimizers/index.js';
import { rateScalings, USUAL_BATCH } from '../../training/schedules/rate-scaling.js';
import { samplings } from '../../training/sampling.js';
import { scalingNames } from '../../data/preparation/scaling.js';
import { schedules } from '../../training/schedules/index.js';

/** Larger weights would only lose digits. */
const MAX_WEIGHT = 1_000_000;

/** A step's graph has the nodes of each part. */
const MOST_PARTS = 256;

/** The options of `train`, beside those of the model, the features, the loss, the optimiser and the schedule. */
export const trainFields = z.strictObject({
  dataset: datasetOption,
  ...folderFields,
  epochs: z.int().min(1).max(100_000).default(10).meta({
    description: 'number of epochs; by default more for fewer than 6,000 training images',
  }),
  batchSize: z
    .int()
    .min(1)
    .max(65_536)
    .default(USUAL_BATCH)
    .meta({ description: 'images per training step' }),
  accumulate: z.int().min(1).max(MOST_PARTS).default(1).meta({
    description:
      'parts of each batch, computed one after another for less memory; their gradients are summed',
  }),
  scaleRate: z
    .enum(rateScalings)
    .default('none')
    .meta({
      description: `learning rate for --batch-size: times batch size ÷ ${USUAL_BATCH} (linear), or its square root`,
    }),
  averageWeights: z.number().positive().lt(1).optional().meta({
    description: 'evaluate and save a moving average of the weights with this decay',
    placeholder: 'DECAY',
  }),
  clipNorm: z.number().positive().optional().meta({
    description: 'clip gradients to this norm; with --private, the gradient of each image (default 1)',
    placeholder: 'X',
  }),
  ...privacyFields,
  classWeights: z
    .union([z.literal('balanced'), z.record(z.string(), z.number().positive().max(MAX_WEIGHT))])
    .optional()
    .meta({
      description:
        'weight of each class in the loss: balanced (inverse to its images), or a JSON file such as {"good": 1, "bad": 19}',
      allowed: `balanced or a JSON file with a number above 0, up to ${MAX_WEIGHT}, for each class`,
      placeholder: 'balanced|FILE',
    }),
  sampling: z.enum(samplings).default('shuffled').meta({
    description: 'images of an epoch: each once, or as many of each class (balanced)',
  }),
  validationSplit: z.number().min(0).max(0.9).optional().meta({
    description: 'share of the training images held out for validation; without it, as preprocessed (0.1)',
  }),
  scaling: z.enum(scalingNames).optional().meta({
    description:
      'pixel scaling: to 0…1, to −1…1, or to mean 0 and standard deviation 1; without it, as preprocessed',
  }),
  ...augmentationFields,
  ...mixingFields,
  bestBy: z.enum(['accuracy', 'metric']).default('accuracy').meta({
    description: 'what the best epoch is chosen by: validation accuracy, or the metric of --metric',
  }),
  earlyStopping: z.int().min(1).optional().meta({ description: 'stop after N epochs without improvement' }),
  stopAfter: z.int().min(1).optional().meta({
    description:
      'stop after N epochs to continue later with --resume; the schedule still covers all --epochs',
  }),
  minAccuracy: z.number().min(0).max(1).optional().meta({
    description: 'fail with exit code 5 if test accuracy is lower',
    placeholder: 'X',
  }),
  run: z.string().regex(RUN_NAME).optional().meta({
    description: 'name of the run; without it, made from data set, model and time',
    allowed: 'letters, digits, dots, dashes and underscores',
  }),
  resume: z.string().min(1).optional().meta({
    description:
      'continue an interrupted run, or extend it with more --epochs: its name, folder or last checkpoint, or "latest"',
    placeholder: 'RUN',
  }),
  reproduce: z.string().min(1).optional().meta({
    description:
      'repeat a run and check that the weights are identical: its name, folder or a checkpoint, or "latest"',
    placeholder: 'RUN',
  }),
  initFrom: z.string().min(1).optional().meta({
    description:
      'start from the weights (and, without --model, the model) of a checkpoint, a safetensors file of torchvision, or a model of Keras (.keras, .h5) or TensorFlow.js (model.json); other classes get a new output layer',
    placeholder: 'CHECKPOINT|FILE',
  }),
  freeze: z.array(z.string().min(1)).default([]).meta({
    description: 'layers to freeze, by name; * matches any characters',
    placeholder: 'LAYER,…',
  }),
  freezeAllButHead: z.boolean().default(false).meta({ description: 'freeze every layer except the last' }),
  findLearningRate: z.boolean().default(false).meta({
    description: 'test learning rates on some training batches and suggest one, instead of training',
  }),
  plot: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: 'file for the plot of --find-learning-rate, .svg or .png',
      placeholder: 'FILE',
      onlyWith: { options: ['findLearningRate'] },
    }),
  ...workerFields,
  seed: seedOption,
  ...modelStageOptions,
});

/** What a run is made of, and the trials of a search as well. */
export const trialChoices = {
  model: { registry: models, fallback: 'mlp', description: 'model architecture' },
  features: {
    registry: features,
    fallback: 'raw',
    description: 'input features: raw pixels, PCA, HOG or scattering',
  },
  loss: { registry: losses, fallback: 'cross-entropy', description: 'loss that is minimised' },
  optimizer: { registry: optimizers, fallback: 'adam', description: 'optimizer' },
  augment: {
    registry: ownAugmentations,
    fallback: 'none',
    description: 'augmentation of your own, a plug-in, after the --augment-… options',
  },
  schedule: {
    registry: schedules,
    fallback: 'linear',
    description: 'learning rate schedule',
  },
};

/** All that can be set for a training run. */
export const trainSpace = {
  fields: trainFields,
  choices: {
    ...trialChoices,
    model: {
      ...trialChoices.model,
      description: 'model architecture, or a saved model (model.json, .keras, .h5) as --init-from takes it',
      files: { endings: ['.json', '.keras', '.h5', '.hdf5'], option: 'initFrom' },
    },
    metric: {
      registry: metrics,
      fallback: 'none',
      description: 'a metric of your own, measured on the validation split after each epoch',
    },
  },
};

/** A validated training configuration. */
export type TrainConfiguration = Resolved<typeof trainSpace>;

/** A training configuration with where each value came from. */
export interface TrainResolution extends Resolution<typeof trainSpace> {
  /** The model of the file that training begins with, where the configuration was read from it. */
  readonly initial?: InitialModel | undefined;
}

/** The options that may change when a run is resumed: folders, backend, length and quality gate. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  ...['epochs', 'stopAfter', 'earlyStopping', 'minAccuracy', 'resume', 'folder', 'dataDir', 'checkpointsDir'],
  ...['maxEpsilon', 'accumulate'],
  ...Object.keys(workerFields),
  ...Object.keys(pluginOptions),
  ...Object.keys(backendOptions),
]);

/**
 * The options that are taken from a checkpoint: what training is about. A checkpoint may come from a stranger, so nothing in it says
 * which folders are read and written, and above all not which native libraries are loaded.
 */
const STORED: ReadonlySet<string> = new Set([
  ...[
    'dataset',
    'size',
    'fit',
    'epochs',
    'batchSize',
    'accumulate',
    'scaleRate',
    'averageWeights',
    'clipNorm',
  ],
  ...['classWeights', 'sampling'],
  ...['validationSplit', 'scaling', 'bestBy', 'earlyStopping', 'minAccuracy'],
  ...[...Object.keys(augmentationFields), ...Object.keys(mixingFields)],
  ...['initFrom', 'freeze', 'freezeAllButHead', 'seed', ...Object.keys(privacyFields)],
  ...['backend', 'device', 'threads', 'precision', 'deterministic', 'gpuMemoryGrowth', 'engine'],
  ...Object.keys(trainSpace.choices),
]);

/**
 * The part of a stored configuration, which others may have written, that a run or a trial takes from it. Keys that are not known at
 * all stay, so that the options of another version are refused and not lost.
 */
export function trustedSettings(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // With those of plug-ins, which may be loaded late.
  const known = allFields(trainSpace);
  const isKept = (key: string): boolean =>
    STORED.has(key) || !known.has(key) || known.get(key)?.choice !== undefined;
  return Object.fromEntries(Object.entries(config).filter(([key]) => isKept(key)));
}

/** The options that may differ when a run is reproduced: name, folders, backend and quality gate. */
const REPRODUCIBLE: ReadonlySet<string> = new Set([
  ...['run', 'reproduce', 'minAccuracy', 'folder', 'dataDir', 'checkpointsDir'],
  ...Object.keys(pluginOptions),
  ...Object.keys(backendOptions),
]);

/**
 * Merges and validates the settings of a training run, of which the first layer has precedence. A resumed run brings
 * its own configuration, with which the layers must agree.
 *
 * Throws the errors of `resolveOptions`, USAGE (a run that cannot be resumed or reproduced), RESUME_CONFLICT, CHECKPOINT_MISSING,
 * CHECKPOINT_CORRUPT, CHECKPOINT_FOREIGN or CHECKPOINT_REFUSED.
 */
export async function resolveTraining(written: readonly Layer[]): Promise<TrainResolution> {
  const layers = withFolderName(await withClassWeights(written));
  const given = resolveOptions(trainSpace, layers);
  const { resume, reproduce, checkpointsDir } = given.values;
  if (resume !== undefined && reproduce !== undefined) {
    throw new ToolkitError('USAGE', {
      message: '--resume and --reproduce cannot be combined',
      hint: 'use --resume to continue the run, --reproduce to repeat it',
    });
  }
  const name = resume ?? reproduce;
  if (given.values.findLearningRate) refuseBesideRangeTest(given.values);
  if (name === undefined) return requireConsistent(await withModelOfOrigin(layers, given));
  const resolveNamed = resume === undefined ? resolveRun : resolveRunToResume;
  const run = await resolveNamed(name, checkpointsDir);
  // The whole checkpoint is read, and verified, when training starts.
  const description = await readCheckpointDescription(run.last);
  if (isOnnx(description)) throw onnxRefusal(run.last);
  if (description.origin) throw importedRun(run.name, resume === undefined ? 'reproduce' : 'resume');
  requireStoredPlugins(run.last, description);
  refuseConflicts(run.name, description.config, given, resume === undefined ? REPRODUCIBLE : CHANGEABLE);
  const stored = {
    ...trustedSettings(description.config),
    // The folder in which the run was found counts, not the one in which it began.
    checkpointsDir,
    ...(resume === undefined ? reproductionSettings(run.name, description) : { initFrom: undefined }),
  };
  const storedLayer: Layer = { ...callerLayer(stored), origin: () => `run "${run.name}"`, isShared: true };
  return requireConsistent(resolveOptions(trainSpace, [...layers, storedLayer]));
}

/** Throws USAGE for what a test of learning rates, which makes no run, would ignore. */
function refuseBesideRangeTest(values: TrainConfiguration): void {
  if (isOwnMetric(values.metric)) throw besideRangeTest('--metric', 'the test validates nothing');
  for (const key of ['resume', 'reproduce', 'run', 'minAccuracy'] as const) {
    if (values[key] !== undefined) throw besideRangeTest(flagOf(key), 'the test makes no run');
  }
  if (values.scaleRate !== 'none')
    throw besideRangeTest('--scale-rate', 'the test is of the batch size itself');
  for (const key of ['workers', 'elastic'] as const) {
    const isGiven = key === 'workers' ? values.workers > 1 : values.elastic !== undefined;
    if (isGiven) throw besideRangeTest(flagOf(key), 'one process makes the test');
  }
}

function besideRangeTest(flag: string, reason: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${flag} and --find-learning-rate cannot be combined: ${reason}`,
    hint: 'leave out one of them',
  });
}

/**
 * A run that takes its weights from a checkpoint has the model and the features of that checkpoint, unless the settings name a model; with
 * weights of torchvision, the network that they are of; with a file of Keras or TensorFlow.js, its model, and for a folder the size of its
 * images. Throws the errors of `readCheckpointDescription`, `backboneIn` and `readInitialModel`, PLUGIN_NEEDED and PLUGIN_CHANGED.
 */
async function withModelOfOrigin(layers: readonly Layer[], given: TrainResolution): Promise<TrainResolution> {
  const { initFrom, checkpointsDir, folder } = given.values;
  const isNamed = given.origins.get('model') !== DEFAULT_ORIGIN;
  if (initFrom === undefined || isNamed) return given;
  const { path, kind } = await resolveInitial(initFrom, checkpointsDir);
  const withFound = (found: Record<string, unknown>): TrainResolution =>
    resolveOptions(trainSpace, [...layers, { ...callerLayer(found), origin: () => path }]);
  if (kind === 'weights') return withFound({ model: await backboneIn(path) });
  if (kind === 'model') {
    const initial = await readInitialModel(path);
    return { ...withFound(modelIn(initial, folder)), initial };
  }
  const description = await readCheckpointDescription(path);
  if (isOnnx(description)) throw onnxRefusal(path);
  requireStoredPlugins(path, description, ['model', 'features']);
  const { model, features } = trainSpace.choices;
  const keys = new Set([
    'model',
    'features',
    ...optionFields(model).keys(),
    ...optionFields(features).keys(),
  ]);
  const stored = Object.fromEntries(Object.entries(description.config).filter(([key]) => keys.has(key)));
  const layer: Layer = { ...callerLayer(stored), origin: () => path, isShared: true };
  return resolveOptions(trainSpace, [...layers, layer]);
}

/** The model of a file, and the size of its images for those of a folder. */
function modelIn(initial: InitialModel, folder: string | undefined): Record<string, unknown> {
  const { model, size } = settingsIn(initial);
  return folder === undefined || size === undefined ? model : { ...model, size };
}

/** An imported model has no training that could be continued or repeated. */
function importedRun(run: string, what: 'resume' | 'reproduce'): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `--${what} ${run}: the model was imported, so there is no training to ${what}`,
    hint: `train it further as a new run with --init-from ${run}`,
  });
}

/** Throws USAGE for options that do not go together. */
export function requireConsistent(resolution: TrainResolution): TrainResolution {
  balancedOnce(resolution.values);
  requireMetric(resolution.values);
  requireParts(resolution.values);
  return resolution;
}

/** Throws USAGE where classes are balanced twice: what is rare would then rule. */
function balancedOnce({ classWeights, sampling }: TrainConfiguration): void {
  if (classWeights !== 'balanced' || sampling !== 'balanced') return;
  throw new ToolkitError('USAGE', {
    message: '--class-weights balanced and --sampling balanced cannot be combined: each balances the classes',
    hint: 'leave out one of them',
  });
}

/** Throws USAGE where the best epoch is that of a metric, and there is none. */
function requireMetric({ bestBy, metric }: TrainConfiguration): void {
  if (bestBy !== 'metric' || isOwnMetric(metric)) return;
  throw new ToolkitError('USAGE', {
    message: '--best-by metric needs a metric',
    hint: 'add --metric FILE, or leave out --best-by',
  });
}

/** Throws USAGE for batches that cannot be cut into the parts of --accumulate. */
function requireParts({ accumulate, batchSize, private: isPrivate }: TrainConfiguration): void {
  if (accumulate > batchSize) {
    throw new ToolkitError('USAGE', {
      message: `--accumulate ${accumulate}: a batch of ${batchSize} images has no ${accumulate} parts`,
      hint: `use at most --accumulate ${batchSize}: --batch-size is the size of the whole batch`,
    });
  }
  if (accumulate > 1 && isPrivate) {
    throw new ToolkitError('USAGE', {
      message: '--accumulate and --private cannot be combined: private batches differ in size',
      hint: 'leave out --accumulate',
    });
  }
}

/** The settings beyond the configuration that a repeated run needs: its threads, which decide how sums are rounded, and its end. */
function reproductionSettings(
  run: string,
  { config, machine, progress: { history } }: CheckpointDescription,
): Record<string, unknown> {
  if (history.length === 0) {
    throw new ToolkitError('USAGE', {
      message: `run "${run}" has no finished epoch to reproduce`,
      hint: `continue it with --resume ${run}`,
    });
  }
  const stopAfter = history.length < Number(config['epochs']) ? history.length : undefined;
  return { threads: config['threads'] ?? machine.threads, stopAfter };
}

/**
 * Requires the plug-ins of a run that goes on. Throws PLUGIN_NEEDED, PLUGIN_CHANGED and CHECKPOINT_REFUSED.
 *
 * @param keys the options whose plug-ins are needed; by default all
 */
export function requireStoredPlugins(
  path: string,
  { config, plugins = [] }: CheckpointDescription,
  keys: readonly string[] = Object.keys(trainSpace.choices),
): void {
  for (const [key, { registry }] of Object.entries(trainSpace.choices)) {
    if (!keys.includes(key)) continue;
    const name = config[key];
    if (typeof name === 'string') requireRecorded(path, plugins, registry.kind, name);
  }
}

/** The plug-ins of a configuration, as its checkpoints name them; a search has no options for some of them. */
export function pluginsOf(
  values: Partial<Pick<TrainConfiguration, keyof typeof trainSpace.choices>>,
): PluginRecord[] {
  return Object.entries(trainSpace.choices).flatMap(([key, { registry }]) => {
    const chosen = values[key as keyof typeof trainSpace.choices];
    return (chosen && recordOf(registry.kind, chosen.name)) ?? [];
  });
}

/** The settings of a program's call, validated, with their plug-ins loaded. Throws what `resolveTraining` and `loadNamedPlugins` throw. */
export async function resolveTrainOptions(
  options: Readonly<Record<string, unknown>>,
): Promise<TrainResolution> {
  return resolveTraining(await loadNamedPlugins(trainSpace, [callerLayer(options)]));
}

function refuseConflicts(
  run: string,
  stored: Readonly<Record<string, unknown>>,
  given: TrainResolution,
  changeable: ReadonlySet<string>,
): void {
  for (const [key, value] of Object.entries(given.flat)) {
    const isGiven = given.origins.get(key) !== DEFAULT_ORIGIN;
    if (!isGiven || changeable.has(key)) continue;
    // A run has the name of its folder, whatever its checkpoint says.
    const was = key === 'run' ? run : stored[key];
    const details = { option: key, run, stored: optionText(was), given: optionText(value) };
    if (details.stored !== details.given) throw new ToolkitError('RESUME_CONFLICT', details);
  }
}

/** An option's value in a message. */
export function optionText(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}

/** The command that continues a run or a search: with the folders that were given, which no checkpoint can tell. */
export function resumeCommand(
  command: 'train' | 'search',
  name: string,
  { dataDir, checkpointsDir }: Pick<TrainConfiguration, 'dataDir' | 'checkpointsDir'>,
): string {
  const usual = z.object({ dataDir: dataDirOption, checkpointsDir: checkpointsDirOption }).parse({});
  const given = [
    ...(dataDir === usual.dataDir ? [] : ['--data-dir', dataDir]),
    ...(checkpointsDir === usual.checkpointsDir ? [] : ['--checkpoints-dir', checkpointsDir]),
  ];
  const words = ['mnist', command, '--resume', name, ...given];
  return words.map((word) => (/^[\w./-]+$/.test(word) ? word : shellQuoted(word))).join(' ');
}
