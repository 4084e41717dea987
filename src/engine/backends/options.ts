import { z } from 'zod';

import { startBackend, backendChoices } from './start.js';
import type { ActiveBackend } from './backend.js';
import type { StageContext } from '../../core/events.js';
import type { ExecutionMode } from '../running/prepare.js';
import { deviceNames } from '../../tensorflow/runtime/device.js';

/** What computes: the options of every stage that runs a model. */
export const backendOptions = {
  backend: z
    .enum(backendChoices)
    .default('auto')
    .meta({ description: 'what computes; a named one is used or the command fails' }),
  device: z
    .enum(deviceNames)
    .default('auto')
    .meta({ description: 'GPU or CPU; a named one is used or the command fails' }),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .meta({ description: 'threads that share the work of a kernel; a number makes results repeatable' }),
  runtime: z.string().min(1).optional().meta({
    description: 'folder with TensorFlow’s libraries',
    placeholder: 'FOLDER',
    variable: 'MNIST_TENSORFLOW',
  }),
  precision: z
    .enum(['float32', 'mixed'])
    .default('float32')
    .meta({ description: 'mixed: TensorFlow computes with 16-bit numbers where it holds that to be safe' }),
  deterministic: z
    .boolean()
    .default(false)
    .meta({ description: 'rule out GPU kernels whose results differ from run to run' }),
  gpuMemoryGrowth: z
    .boolean()
    .default(true)
    .meta({ description: 'take all GPU memory at the start, not as it is needed' }),
  engine: z
    .enum(['auto', 'eager'])
    .default('auto')
    .meta({ description: 'auto compiles on TensorFlow; eager runs operation by operation, slower' }),
};

/** The values of `backendOptions`. */
export type BackendOptions = z.output<z.ZodObject<typeof backendOptions>>;

/** Starts what the options name, with this process's environment. Throws the errors of `startBackend`. */
export function startChosenBackend(options: BackendOptions, context: StageContext): Promise<ActiveBackend> {
  const { backend, threads, runtime, precision, ...request } = options;
  const mixedPrecision = precision === 'mixed';
  return startBackend(
    backend,
    { ...request, threads, runtime, mixedPrecision, environment: process.env },
    context,
  );
}

/** How programs are to be run, for `trainingProgram` and `inferenceProgram`; undefined leaves it to them. */
export function executionMode({ engine }: Pick<BackendOptions, 'engine'>): ExecutionMode | undefined {
  return engine === 'eager' ? 'eager' : undefined;
}
