import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { startBackend, backendChoices, preloadBackend } from './start.js';
import type { ActiveBackend } from './backend.js';
import { checkpointsDirOption, dataDirOption, pluginOptions } from '../../core/config/common-options.js';
import type { StageContext } from '../../core/events.js';
import type { ExecutionMode } from '../running/prepare.js';
import { deviceNames } from '../../tensorflow/runtime/device.js';

/** The compute options of every stage that runs a model. */
export const backendOptions = {
  backend: z
    .enum(backendChoices)
    .default('auto')
    .meta({ description: 'compute backend; the command fails if a named one is unavailable' }),
  device: z
    .enum(deviceNames)
    .default('auto')
    .meta({ description: 'compute device; the command fails if a named one is unavailable' }),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .meta({ description: 'threads per operation; set it to make results repeatable' }),
  runtime: z.string().min(1).optional().meta({
    description: 'folder of the TensorFlow libraries',
    placeholder: 'FOLDER',
    variable: 'MNIST_TENSORFLOW',
  }),
  precision: z
    .enum(['float32', 'mixed'])
    .default('float32')
    .meta({ description: 'mixed: use 16-bit floats where TensorFlow considers it safe' }),
  deterministic: z.boolean().default(false).meta({ description: 'use only deterministic GPU kernels' }),
  gpuMemoryGrowth: z.boolean().default(true).meta({ description: 'on-demand allocation of GPU memory' }),
  engine: z
    .enum(['auto', 'eager'])
    .default('auto')
    .meta({ description: 'auto: compiled on TensorFlow; eager: one operation at a time, slower' }),
};

/** The options of every stage that runs a stored model: the folders of data and runs, plug-ins, and the compute options. */
export const modelStageOptions = {
  dataDir: dataDirOption,
  checkpointsDir: checkpointsDirOption,
  ...pluginOptions,
  ...backendOptions,
};

/** The values of `backendOptions`. */
export type BackendOptions = z.output<z.ZodObject<typeof backendOptions>>;

/**
 * Starts the backend of the options, with this process's environment. Throws the errors of `startBackend`, and USAGE for options that
 * exclude each other.
 *
 * @param settings what the stage sets itself: its engine, and the default number of threads
 */
export async function startChosenBackend(
  options: BackendOptions,
  context: StageContext,
  settings: { engine?: BackendOptions['engine']; defaultThreads?: number } = {},
): Promise<ActiveBackend> {
  const { backend, device, threads, runtime, precision, deterministic, gpuMemoryGrowth } = options;
  const { engine = options.engine, defaultThreads } = settings;
  const mixedPrecision = precision === 'mixed';
  if (mixedPrecision && engine === 'eager') {
    throw new ToolkitError('USAGE', {
      message: 'mixed precision needs the compiled engine, and this command runs eagerly',
      hint: 'leave out --precision mixed, or --engine eager if you gave it',
    });
  }
  const wanted = { device, threads, defaultThreads, runtime, deterministic, gpuMemoryGrowth };
  return startBackend(backend, { ...wanted, mixedPrecision, environment: process.env }, context);
}

/**
 * Begins to load the backend of the options on another thread, so that other work goes on until `startChosenBackend` is called with them.
 * Never fails.
 */
export function preloadChosenBackend(
  { backend, device, runtime }: Partial<BackendOptions>,
  context: StageContext,
): void {
  if (backend === undefined || device === undefined) return;
  preloadBackend(backend, { device, runtime, environment: process.env }, context);
}

/** The compute options among the given ones, for an earlier stage that a stage runs first. */
export function backendOptionsOf(options: Partial<BackendOptions>): Partial<BackendOptions> {
  const given = Object.entries(options).filter(([name]) => name in backendOptions);
  return Object.fromEntries(given);
}

/** The execution mode of `trainingProgram` and `inferenceProgram` for `--engine`; undefined: their default. */
export function executionMode({ engine }: Pick<BackendOptions, 'engine'>): ExecutionMode | undefined {
  return engine === 'eager' ? 'eager' : undefined;
}
