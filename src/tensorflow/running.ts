import type { EagerContext } from './c-api/eager-context.js';

/** The TensorFlow that this process runs. */
export interface RunningTensorFlow {
  readonly eager: EagerContext;
  readonly version: string;
  /** "CPU", or a GPU's name, such as "NVIDIA H200". */
  readonly device: string;
  readonly threads: number;
  /** The folder of its libraries. */
  readonly folder: string;
  /** Whether it uses oneDNN's operations; undefined if its version does not tell. */
  readonly oneDnn: boolean | undefined;
  /** The best instruction set that oneDNN may use, as oneDNN names it; undefined if unknown. */
  readonly instructionSet: string | undefined;
  readonly isDeterministic: boolean;
}

/** The public description of the TensorFlow that the process runs. */
export interface ActiveTensorFlow {
  /** TensorFlow's version, such as "2.21.0". */
  version: string;
  /** "CPU", or a GPU's name, such as "NVIDIA H200". */
  device: string;
  /** Whether operations run on a GPU. */
  usesGpu: boolean;
  /** Threads per operation. */
  threads: number;
  /** The folder of TensorFlow's libraries. */
  runtime: string;
  /** Whether CPU operations use oneDNN; undefined if this version of TensorFlow does not tell. */
  oneDnn: boolean | undefined;
  /** The best instruction set that oneDNN may use, such as "AVX2"; undefined if unknown, as on arm64. */
  instructionSet: string | undefined;
  /** Whether only deterministic GPU kernels are used. */
  deterministic: boolean;
  /** Whether steps compiled from now on use 16-bit floats. */
  mixedPrecision: boolean;
}

let running: RunningTensorFlow | undefined;

/** The TensorFlow that this process runs, or undefined before it is loaded. */
export function runningTensorFlow(): RunningTensorFlow | undefined {
  return running;
}

/** Records the TensorFlow that this process runs until it ends. */
export function keepRunning(opened: RunningTensorFlow): RunningTensorFlow {
  running = opened;
  return opened;
}

/** Describes a loaded TensorFlow. */
export function describeTensorFlow(opened: RunningTensorFlow): ActiveTensorFlow {
  const { version, device, threads, folder, oneDnn, instructionSet, isDeterministic, eager } = opened;
  return {
    version,
    device,
    usesGpu: eager.usesGpu,
    threads,
    runtime: folder,
    oneDnn,
    instructionSet,
    deterministic: isDeterministic,
    mixedPrecision: eager.config.mixedPrecision ?? false,
  };
}
