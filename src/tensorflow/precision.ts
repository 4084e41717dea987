import { hasMixedPrecision } from './c-api/mixed-precision.js';
import type { RunningTensorFlow } from './running.js';

/** Whether mixed precision changes anything in this process; measured when it is first asked for. */
let measured: Promise<boolean> | undefined;

/** Why mixed precision changes nothing where `setMixedPrecision` gives false. */
export const NO_MIXED_PRECISION =
  'TensorFlow computes in float32 here, as oneDNN is off or the processor has no 16-bit products';

/**
 * Sets the precision of the programs that are compiled from now on; of all settings, this one can differ between the programs of a
 * process. Gives whether they compute with 16-bit numbers.
 */
export async function setMixedPrecision(
  { eager }: RunningTensorFlow,
  wanted: boolean,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const isPossible = wanted && (eager.usesGpu || !isOneDnnWithout16Bits(environment));
  if (isPossible) measured ??= hasMixedPrecision(eager.api, eager.config);
  const mixedPrecision = isPossible && (await measured) === true;
  eager.config = { ...eager.config, mixedPrecision };
  return mixedPrecision;
}

/**
 * Whether oneDNN is held to instructions that cannot compute with 16-bit numbers. TensorFlow asks the processor alone, and would end
 * the process with an error of oneDNN's.
 */
function isOneDnnWithout16Bits(environment: NodeJS.ProcessEnv): boolean {
  const limit = environment['ONEDNN_MAX_CPU_ISA'] ?? environment['DNNL_MAX_CPU_ISA'] ?? '';
  return ['SSE41', 'AVX', 'AVX2', 'AVX2_VNNI'].includes(limit.toUpperCase());
}
