import { hasMixedPrecision } from './c-api/mixed-precision.js';
import type { RunningTensorFlow } from './running.js';

/** Whether mixed precision has an effect on this machine; measured when it is first requested. */
let measured: Promise<boolean> | undefined;

/** Why `setMixedPrecision` returns false. */
export const NO_MIXED_PRECISION =
  'TensorFlow computes in float32 here: oneDNN is off, or the processor lacks 16-bit arithmetic';

/**
 * Sets the precision of programs compiled from now on: the only setting that can differ between the programs of a process. Returns
 * whether they use 16-bit floats.
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
 * Whether an environment variable limits oneDNN to instructions without 16-bit arithmetic. TensorFlow checks only the processor, and
 * oneDNN would then abort the process.
 */
function isOneDnnWithout16Bits(environment: NodeJS.ProcessEnv): boolean {
  const limit = environment['ONEDNN_MAX_CPU_ISA'] ?? environment['DNNL_MAX_CPU_ISA'] ?? '';
  return ['SSE41', 'AVX', 'AVX2', 'AVX2_VNNI'].includes(limit.toUpperCase());
}
