import type { EagerContext } from './c-api/eager-context.js';

/** TensorFlow as it runs in this process. */
export interface RunningTensorFlow {
  readonly eager: EagerContext;
  readonly version: string;
  /** What computes, for people: "CPU", "NVIDIA H100". */
  readonly device: string;
  readonly threads: number;
  /** The folder of its libraries. */
  readonly folder: string;
  readonly isDeterministic: boolean;
}

/** What a program sees of the TensorFlow that runs in its process. */
export interface ActiveTensorFlow {
  /** TensorFlow's version, such as "2.21.0". */
  version: string;
  /** What computes: "CPU", or a GPU's name, such as "NVIDIA H200". */
  device: string;
  usesGpu: boolean;
  /** Threads that share an operation's work. */
  threads: number;
  /** The folder of TensorFlow's libraries. */
  runtime: string;
  deterministic: boolean;
  /** Whether programs that are compiled from now on may compute with 16-bit numbers. */
  mixedPrecision: boolean;
}

let running: RunningTensorFlow | undefined;

/** TensorFlow as it runs in this process, or undefined before it is opened. */
export function runningTensorFlow(): RunningTensorFlow | undefined {
  return running;
}

/** Makes an opened TensorFlow that of this process, which it stays until the end. */
export function keepRunning(opened: RunningTensorFlow): RunningTensorFlow {
  running = opened;
  return opened;
}

/** The public description of a TensorFlow. */
export function describeTensorFlow(opened: RunningTensorFlow): ActiveTensorFlow {
  const { version, device, threads, folder, isDeterministic, eager } = opened;
  return {
    version,
    device,
    usesGpu: eager.usesGpu,
    threads,
    runtime: folder,
    deterministic: isDeterministic,
    mixedPrecision: eager.config.mixedPrecision ?? false,
  };
}
