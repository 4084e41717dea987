import { z } from 'zod';

import { silentContext, type StageContext } from '../../core/events.js';
import { installRuntime } from '../../tensorflow/runtime/install.js';
import type { Runtime } from '../../tensorflow/runtime/found-runtime.js';
import { variantNamed } from '../../tensorflow/runtime/obtain.js';
import { variantChoices } from '../../tensorflow/runtime/variants.js';
import { backendOptions } from '../../engine/backends/options.js';

/** The options of `runtime`. */
export const runtimeFields = z.strictObject({
  variant: z
    .enum(variantChoices)
    .default('auto')
    .meta({ description: 'runtime for the CPU or for NVIDIA GPUs; auto: by the installed driver' }),
  device: backendOptions.device,
});

export type RuntimeOptions = z.output<typeof runtimeFields>;

/** Installs the runtime that the options name, unless it is there. Throws the errors of `installRuntime`. */
export async function installChosen(
  { variant: name, device }: RuntimeOptions,
  environment: NodeJS.ProcessEnv,
  context: StageContext = silentContext(),
): Promise<Runtime> {
  return installRuntime(variantNamed(name, device), environment, context);
}
