import { z } from 'zod';

import { startBackend, backendChoices } from '../backends/start.js';
import type { ActiveBackend } from '../backends/backend.js';
import type { StageContext } from '../core/events.js';
import { deviceNames } from '../tensorflow/device.js';

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
};

/** The values of `backendOptions`. */
export type BackendOptions = z.output<z.ZodObject<typeof backendOptions>>;

/** Starts what the options name, with this process's environment. Throws the errors of `startBackend`. */
export function startChosenBackend(options: BackendOptions, context: StageContext): Promise<ActiveBackend> {
  const { backend, device, threads, runtime } = options;
  return startBackend(backend, { device, threads, runtime, environment: process.env }, context);
}
