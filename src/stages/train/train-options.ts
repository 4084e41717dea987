import { z } from 'zod';

import { readCheckpointDescription,type CheckpointDescription } from '../../artifacts/checkpoint.js';
import { resolveRun,RUN_NAME } from '../../artifacts/run.js';
import { augmentationFields } from '../../models/augmentation/options.js';
import { callerLayer } from '../../core/config/layers.js';
import {
DEFAULT_ORIGIN,
resolveOptions,
type Layer,
type Resolution,
type Resolved,
} from '../../core/config/resolve.js';
import { ToolkitError } from '../../core/errors.js';
import { backendOptions } from '../../engine/backends/options.js';
import {
checkpointsDirOption,
dataDirOption,
datasetOption,
seedOption,
} from '../../core/config/common-options.js';
import { features } from '../../models/features/index.js';
import { models } from '../../models/index.js';
import { optimizers } from '../../training/optimizers/index.js';
import { scalingNames } from '../../data/preparation/scaling.js';
import { schedules } from '../../training/schedules/index.js';

/** The options of `train`, beside those of the model, the features, the optimiser and the schedule. */
export const trainFields = z.strictObject({
  dataset: datasetOption,
  epochs: z.int().min(1).max(100_000).default(10).meta({ description: 'passes over the training images' }),
  batchSize: z
    .int()
    .min(1)
    .max(65_536)
    .default(100)
    .meta({ description: 'images from which one step is computed' }),
  averageWeights: z
    .number()
    .positive()
    .lt(1)
    .optional()
    .meta({ description: 'use a moving average of the weights, with this decay', placeholder: 'DECAY' }),
  clipNorm: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'shorten a gradient whose norm is larger', placeholder: 'X' }),
  labelSmoothing: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta({ description: 'share of each label that is spread over all classes', placeholder: 'X' }),
  validationSplit: z
    .number()
    .min(0)
    .max(0.9)
    .optional()
    .meta({ description: 'share of the training images held back; else as preprocessed (0.1)' }),
  scaling: z
    .enum(scalingNames)
    .optional()
    .meta({ description: 'what pixels become: 0…1, −1…1, or standardised; else as preprocessed' }),
  ...augmentationFields,
  earlyStopping: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'end when so many epochs in a row brought nothing better' }),
  stopAfter: z.int().min(1).optional().meta({
    description:
      'end after so many of the --epochs, to be continued with --resume; the schedule is that of all',
  }),
  minAccuracy: z.number().min(0).max(1).optional().meta({
    description: 'fail (exit code 5) if the accuracy on the test images is lower',
    placeholder: 'X',
  }),
  run: z.string().regex(RUN_NAME).optional().meta({
    description: 'name of the run; else made from the data set, the model and the time',
    allowed: 'a name of letters, digits, dots, dashes and underscores',
  }),
  resume: z.string().min(1).optional().meta({
    description: 'continue a run that was interrupted, or extend it with more --epochs',
    placeholder: 'RUN',
  }),
  reproduce: z.string().min(1).optional().meta({
    description: 'train a run once more, and say whether the same comes of it',
    placeholder: 'RUN',
  }),
  initFrom: z.string().min(1).optional().meta({
    description: 'start from the weights of a checkpoint; other classes get a new last layer',
    placeholder: 'CHECKPOINT',
  }),
  freeze: z.array(z.string().min(1)).default([]).meta({
    description: 'layers that keep those weights: names, * for any letters',
    placeholder: 'LAYER,…',
  }),
  freezeAllButHead: z.boolean().default(false).meta({ description: 'freeze every layer but the last' }),
  seed: seedOption,
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...backendOptions,
});

/** All that can be set for a training run. */
export const trainSpace = {
  fields: trainFields,
  choices: {
    model: { registry: models, fallback: 'mlp', description: 'network' },
    features: { registry: features, fallback: 'raw', description: 'what the network is shown of an image' },
    optimizer: { registry: optimizers, fallback: 'adam', description: 'rule that changes the weights' },
    schedule: {
      registry: schedules,
      fallback: 'linear',
      description: 'how the learning rate changes over the run',
    },
  },
};

/** A validated training configuration. */
export type TrainConfiguration = Resolved<typeof trainSpace>;

/** A training configuration with where each value came from. */
export type TrainResolution = Resolution<typeof trainSpace>;

/** What a program may pass to `train`: any of the options, with the model's and the optimiser's beside them. */
export type TrainOptions = Partial<z.input<typeof trainFields>> & Record<string, unknown>;

/** What a resumed run may have otherwise than before: where it runs, how long, and what is demanded of it. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  ...['epochs', 'stopAfter', 'earlyStopping', 'minAccuracy', 'resume', 'dataDir', 'checkpointsDir'],
  ...['run', 'initFrom'],
  ...Object.keys(backendOptions),
]);

/** What a run that repeats another one may have otherwise: its name, where it runs, and what is demanded of it. */
const REPRODUCIBLE: ReadonlySet<string> = new Set([
  ...['run', 'reproduce', 'minAccuracy', 'dataDir', 'checkpointsDir'],
  ...Object.keys(backendOptions),
]);

/**
 * Merges and validates the settings of a training run, of which the first layer has precedence. A run to be resumed brings
 * its own configuration, with which the layers must agree.
 *
 * Throws the errors of `resolveOptions`, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_REFUSED or RESUME_CONFLICT.
 */
export async function resolveTraining(layers: readonly Layer[]): Promise<TrainResolution> {
  const given = resolveOptions(trainSpace, layers);
  const { resume, reproduce, checkpointsDir } = given.values;
  if (resume !== undefined && reproduce !== undefined) {
    throw new ToolkitError('USAGE', {
      message: '--resume and --reproduce exclude each other',
      hint: 'resume continues a run, reproduce makes a new one of its options',
    });
  }
  const name = resume ?? reproduce;
  if (name === undefined) return given;
  const run = await resolveRun(name, checkpointsDir);
  // The whole checkpoint is read, and verified, when training starts.
  const description = await readCheckpointDescription(run.last);
  refuseConflicts(run.name, description.config, given, resume === undefined ? REPRODUCIBLE : CHANGEABLE);
  // The folder that the run was found in counts, wherever it lay when it began.
  const stored = {
    ...description.config,
    checkpointsDir,
    ...{ stopAfter: undefined, run: undefined, resume: undefined, reproduce: undefined },
    ...(resume === undefined ? reproductionSettings(run.name, description) : { initFrom: undefined }),
  };
  const storedLayer: Layer = { ...callerLayer(stored), origin: () => `the run "${run.name}"` };
  return resolveOptions(trainSpace, [...layers, storedLayer]);
}

/** What else a run's weights depend on: its threads, which decide how sums are rounded, and where it ended. */
function reproductionSettings(
  run: string,
  { config, machine, progress: { history } }: CheckpointDescription,
): Record<string, unknown> {
  if (history.length === 0) {
    throw new ToolkitError('USAGE', {
      message: `the run "${run}" has not finished an epoch, so there is nothing to reproduce`,
      hint: `continue it with --resume ${run}`,
    });
  }
  const stopAfter = history.length < Number(config['epochs']) ? history.length : undefined;
  return { threads: config['threads'] ?? machine.threads, stopAfter };
}

/** The settings of a program's call, validated. Throws what `resolveTraining` throws. */
export function resolveTrainOptions(options: TrainOptions): Promise<TrainResolution> {
  return resolveTraining([callerLayer(options)]);
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
    const details = { option: key, run, stored: inWords(stored[key]), given: inWords(value) };
    if (details.stored !== details.given) throw new ToolkitError('RESUME_CONFLICT', details);
  }
}

/** An option's value in a message. */
export function inWords(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
