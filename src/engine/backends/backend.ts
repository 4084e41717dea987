import type { StageContext } from '../../core/events.js';
import type { Named } from '../../core/registry.js';
import type { DeviceName } from '../../tensorflow/runtime/device.js';

export interface BackendRequest {
  device: DeviceName;
  /** Threads that share a kernel's work; undefined leaves the number to the backend. */
  threads: number | undefined;
  /** How many the backend takes where `threads` leaves it to it; TensorFlow else takes one for each core. */
  defaultThreads?: number | undefined;
  /** A folder with TensorFlow's libraries, instead of those that would be found or installed. */
  runtime: string | undefined;
  /** Whether GPU memory is taken as it is needed (as without it), or all of it at the start. */
  gpuMemoryGrowth?: boolean;
  /** Whether kernels whose results differ from run to run are ruled out, where that costs time. */
  deterministic?: boolean;
  /** Whether products and convolutions may compute with 16-bit numbers. */
  mixedPrecision?: boolean;
  /** Whether this backend stands in for a better one, of which the options were asked: what it cannot do is a warning then. */
  isFallback?: boolean;
  environment: NodeJS.ProcessEnv;
}

/** A backend that is ready: tfjs computes on it from now on. */
export interface ActiveBackend {
  name: string;
  /** What computes, for people: "CPU", "NVIDIA H100". */
  device: string;
  version: string;
  threads: number;
}

/** A plug-in of the backend registry. */
export interface BackendDefinition extends Named {
  /** Loads it and makes it tfjs's backend. Throws an error with exit code 4 that says why it cannot be used. */
  start(request: BackendRequest, context: StageContext): Promise<ActiveBackend>;
}
