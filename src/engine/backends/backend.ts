import type { StageContext } from '../../core/events.js';
import type { Named } from '../../core/registry.js';
import type { DeviceName } from '../../tensorflow/runtime/device.js';

/** The compute settings that a backend is started with. */
export interface BackendRequest {
  device: DeviceName;
  /** Threads per kernel; undefined: the backend's default. */
  threads: number | undefined;
  /** The default where `threads` is undefined, in place of TensorFlow's one per core. */
  defaultThreads?: number | undefined;
  /** A folder with TensorFlow's libraries; by default they are found or installed. */
  runtime: string | undefined;
  /** Whether GPU memory is allocated on demand (the default), or all of it at the start. */
  gpuMemoryGrowth?: boolean;
  /** Whether only deterministic GPU kernels are used, at the cost of speed. */
  deterministic?: boolean;
  /** Whether TensorFlow may use 16-bit floats (automatic mixed precision). */
  mixedPrecision?: boolean;
  /** Whether this backend is a fallback: it warns of options that it does not support instead of rejecting them. */
  isFallback?: boolean;
  environment: NodeJS.ProcessEnv;
}

/** A started backend, which is tfjs's current one. */
export interface ActiveBackend {
  name: string;
  /** The name of the device, such as "CPU" or "NVIDIA H100". */
  device: string;
  version: string;
  threads: number;
  /** Whether TensorFlow uses oneDNN's operations on the CPU; undefined for other backends, or if unknown. */
  oneDnn?: boolean | undefined;
  /** The best instruction set that oneDNN may use, such as "AVX2"; undefined for other backends, or if unknown. */
  instructionSet?: string | undefined;
}

/** A plug-in of the backend registry. */
export interface BackendDefinition extends Named {
  /** Begins to load it on another thread, for a later `start` with the same settings. Installs nothing, and never fails. */
  preload?(
    request: Pick<BackendRequest, 'device' | 'runtime' | 'environment'>,
    context: StageContext,
  ): Promise<void>;
  /**
   * Loads the backend and selects it in tfjs. Throws an error with exit code 4 if it is unavailable, or USAGE for an option that it does
   * not support.
   */
  start(request: BackendRequest, context: StageContext): Promise<ActiveBackend>;
}
