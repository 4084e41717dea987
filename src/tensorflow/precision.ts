import { hasMixedPrecision } from './c-api/mixed-precision.js';
import { maximumInstructionSet } from './onednn.js';
import type { RunningTensorFlow } from './running.js';

/** Whether mixed precision has an effect on this machine; measured when it is first requested. */
let measured: Promise<boolean> | undefined;

/** Why `setMixedPrecision` returns false. */
export function whyFloat32({ oneDnn, instructionSet, eager }: RunningTensorFlow): string {
  const result = 'TensorFlow computes in float32 here';
  if (eager.usesGpu) return `${result}: the GPU lacks 16-bit arithmetic`;
  if (oneDnn === false) return `${result}: oneDNN is off`;
  return `${result}: oneDNN lacks 16-bit arithmetic on this processor (${instructionSet ?? process.arch})`;
}

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
  return ['SSE41', 'AVX', 'AVX2', 'AVX2_VNNI'].includes(maximumInstructionSet(environment));
}
