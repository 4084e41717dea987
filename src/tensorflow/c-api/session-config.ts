import { MessageWriter } from '../../core/formats/protobuf.js';

export interface SessionConfig {
  /** Threads that share one kernel's work; 0 leaves the number to TensorFlow (one per core). */
  threads: number;
  /** Threads that start kernels, several of which may run at a time. */
  schedulingThreads?: number;
  /** Whether a run takes place on the thread that asks for it alone, one kernel after the other; runs do not share threads then. */
  sequential?: boolean;
  /** Whether GPUs may be used, if there are any. */
  useGpu: boolean;
  /** Whether GPU memory is taken as it is needed, rather than all of it at the start. */
  gpuMemoryGrowth: boolean;
  /** Whether products and convolutions compute with 16-bit numbers where TensorFlow holds that to be safe. */
  mixedPrecision?: boolean;
}

/** `RewriterConfig.Toggle.ON` (tensorflow/core/protobuf/rewriter_config.proto). */
const ON = 1;

/** A `tensorflow.ConfigProto` (tensorflow/core/protobuf/config.proto), encoded. */
export function encodeSessionConfig({
  threads,
  schedulingThreads = threads,
  sequential = false,
  useGpu,
  gpuMemoryGrowth,
  mixedPrecision = false,
}: SessionConfig): Uint8Array {
  const config = new MessageWriter();
  // device_count: a map entry of the device type and how many of its devices may be used.
  if (!useGpu) config.message(1, new MessageWriter().text(1, 'GPU').integer(2, 0));
  if (threads > 0) config.integer(2, threads); // intra_op_parallelism_threads
  if (schedulingThreads !== 0) config.integer(5, schedulingThreads); // inter_op_parallelism_threads
  config.boolean(9, true); // use_per_session_threads
  config.message(6, new MessageWriter().boolean(4, gpuMemoryGrowth)); // gpu_options.allow_growth
  config.boolean(7, true); // allow_soft_placement: integer kernels exist on the CPU alone
  if (mixedPrecision) {
    // graph_options.rewrite_options: auto_mixed_precision for GPUs, and the same with bfloat16 for CPUs.
    const rewriting = new MessageWriter().integer(23, ON).integer(31, ON);
    config.message(10, new MessageWriter().message(10, rewriting));
  }
  // experimental.executor_type
  if (sequential) config.message(16, new MessageWriter().text(3, 'SINGLE_THREADED_EXECUTOR'));
  return config.finish();
}
