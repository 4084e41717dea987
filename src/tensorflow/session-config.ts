import { MessageWriter } from './protobuf.js';

export interface SessionConfig {
  /** Threads that share one kernel's work; 0 leaves the number to TensorFlow (one per core). */
  threads: number;
  /** Threads that start kernels, several of which may run at a time. */
  schedulingThreads?: number;
  /** Whether GPUs may be used, if there are any. */
  useGpu: boolean;
  /** Whether GPU memory is taken as it is needed, rather than all of it at the start. */
  gpuMemoryGrowth: boolean;
}

/** A `tensorflow.ConfigProto` (tensorflow/core/protobuf/config.proto), encoded. */
export function encodeSessionConfig({
  threads,
  schedulingThreads = threads,
  useGpu,
  gpuMemoryGrowth,
}: SessionConfig): Uint8Array {
  const config = new MessageWriter();
  // device_count: a map entry of the device type and how many of its devices may be used.
  if (!useGpu) config.message(1, new MessageWriter().text(1, 'GPU').integer(2, 0));
  if (threads > 0) config.integer(2, threads); // intra_op_parallelism_threads
  if (schedulingThreads !== 0) config.integer(5, schedulingThreads); // inter_op_parallelism_threads
  config.boolean(9, true); // use_per_session_threads
  config.message(6, new MessageWriter().boolean(4, gpuMemoryGrowth)); // gpu_options.allow_growth
  config.boolean(7, true); // allow_soft_placement: integer kernels exist on the CPU alone
  return config.finish();
}
