import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { silentContext, type StageContext } from '../../core/events.js';
import { installRuntime } from '../../tensorflow/runtime/install.js';
import type { Runtime } from '../../tensorflow/runtime/found-runtime.js';
import { contradicts, variantNamed } from '../../tensorflow/runtime/obtain.js';
import { variantChoices } from '../../tensorflow/runtime/variants.js';
import { backendOptions } from '../../engine/backends/options.js';

/** The options of `runtime`. */
export const runtimeFields = z.strictObject({
  variant: z
    .enum(variantChoices)
    .default('auto')
    .meta({ description: 'runtime for the CPU or for NVIDIA GPUs; auto: by the installed driver' }),
  device: backendOptions.device,
  mpi: z.boolean().default(false).meta({
    description: 'install MPICH, for "mnist train --workers", instead of TensorFlow',
  }),
});

export type RuntimeOptions = z.output<typeof runtimeFields>;

/** Installs the chosen runtime if it is missing. Throws the errors of `variantNamed` and `installRuntime`. */
export async function installChosen(
  { variant: name, device }: Pick<RuntimeOptions, 'variant' | 'device'>,
  environment: NodeJS.ProcessEnv,
  context: StageContext = silentContext(),
): Promise<Runtime> {
  if (contradicts(name, device)) {
    throw new ToolkitError('USAGE', {
      message: `--variant ${name} and --device ${device} contradict each other`,
      hint: 'leave out one of them',
    });
  }
  return installRuntime(variantNamed(name, device), environment, context);
}
