import { processorFlags } from '../core/processes.js';
import { koffi } from './c-api/ffi.js';

/**
 * The instruction sets of oneDNN on x64, weakest first, with the processor flags (of /proc/cpuinfo) that each needs. The names are the
 * values of ONEDNN_MAX_CPU_ISA.
 */
const INSTRUCTION_SETS: readonly (readonly [name: string, ...flags: string[]])[] = [
  ['SSE41', 'sse4_1'],
  ['AVX', 'avx'],
  ['AVX2', 'avx2', 'fma'],
  ['AVX2_VNNI', 'avx2', 'avx_vnni'],
  ['AVX512_CORE', 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq'],
  ['AVX512_CORE_VNNI', 'avx512bw', 'avx512_vnni'],
  ['AVX512_CORE_BF16', 'avx512bw', 'avx512_vnni', 'avx512_bf16'],
  ['AVX512_CORE_FP16', 'avx512bw', 'avx512_bf16', 'avx512_fp16'],
  ['AVX512_CORE_AMX', 'avx512_bf16', 'amx_tile', 'amx_int8', 'amx_bf16'],
];

/** TensorFlow's C++ functions `IsMKLEnabled()` and, in older versions, `IsMklEnabled()`. */
const IS_ENABLED = ['_ZN10tensorflow12IsMKLEnabledEv', '_ZN10tensorflow12IsMklEnabledEv'];

/**
 * Switches oneDNN on, unless the user has set TF_ENABLE_ONEDNN_OPTS; to be called before TensorFlow is loaded. By default TensorFlow
 * uses oneDNN only on processors with AVX512-VNNI or later; with AVX2 it trains convolutions up to 1.7 times as fast. On arm64, where
 * oneDNN calls the Arm Compute Library, the default stays TensorFlow's own.
 */
export function enableOneDnn(environment: NodeJS.ProcessEnv, architecture: string = process.arch): void {
  const isUnset = (environment['TF_ENABLE_ONEDNN_OPTS'] ?? '') === '';
  if (architecture === 'x64' && isUnset) environment['TF_ENABLE_ONEDNN_OPTS'] = '1';
}

/**
 * Whether a loaded TensorFlow uses oneDNN's operations; undefined if its version does not tell.
 *
 * @param framework the path of `libtensorflow_framework`
 */
export function usesOneDnn(framework: string): boolean | undefined {
  const library = koffi.load(framework, { lazy: true });
  for (const name of IS_ENABLED) {
    try {
      return (library.func(name, 'bool', []) as () => boolean)();
    } catch {
      // A TensorFlow without this function.
    }
  }
  return undefined;
}

/**
 * The best instruction set that oneDNN can use on a processor with the given flags, as oneDNN names it: the processor's, or a lower one
 * that ONEDNN_MAX_CPU_ISA sets. Undefined if the flags are unknown, as on arm64.
 */
export function instructionSet(
  environment: NodeJS.ProcessEnv,
  flags: ReadonlySet<string> | undefined = processorFlags(),
): string | undefined {
  const limit = INSTRUCTION_SETS.findIndex(([name]) => name === maximumInstructionSet(environment));
  const allowed = limit < 0 ? INSTRUCTION_SETS : INSTRUCTION_SETS.slice(0, limit + 1);
  return allowed.findLast(([, ...needed]) => needed.every((flag) => flags?.has(flag)))?.[0];
}

/** The value of ONEDNN_MAX_CPU_ISA, or of its older name, in capitals; empty if not set. */
export function maximumInstructionSet(environment: NodeJS.ProcessEnv): string {
  return (environment['ONEDNN_MAX_CPU_ISA'] ?? environment['DNNL_MAX_CPU_ISA'] ?? '').toUpperCase();
}
