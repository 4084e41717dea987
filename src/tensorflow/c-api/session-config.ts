import { MessageWriter } from '../../core/formats/protobuf.js';

/** The settings of a session or an eager context. */
export interface SessionConfig {
  /** Intra-op threads, which share the work of one kernel; 0: TensorFlow's default (one per core). */
  threads: number;
  /** Inter-op threads, which run kernels in parallel; `threads` by default. */
  schedulingThreads?: number;
  /** Whether a run executes its kernels one by one on the calling thread, without inter-op threads. */
  sequential?: boolean;
  /** Whether GPUs may be used. */
  useGpu: boolean;
  /** Whether GPU memory is allocated on demand, instead of all of it at the start. */
  gpuMemoryGrowth: boolean;
  /** Whether TensorFlow may use 16-bit floats where it considers them safe (automatic mixed precision). */
  mixedPrecision?: boolean;
  /**
   * Whether sums and products are computed as the graph has them. Otherwise TensorFlow moves constant factors to where it needs fewer products,
   * which depends on what else is in the graph: the same step, cut into several graphs, is then rounded differently.
   */
  keepsArithmetic?: boolean;
}

/** `RewriterConfig.Toggle` (tensorflow/core/protobuf/rewriter_config.proto). */
const [ON, OFF] = [1, 2];

/** Encodes a configuration as a `tensorflow.ConfigProto` (tensorflow/core/protobuf/config.proto). */
export function encodeSessionConfig({
  threads,
  schedulingThreads = threads,
  sequential = false,
  useGpu,
  gpuMemoryGrowth,
  mixedPrecision = false,
  keepsArithmetic = false,
}: SessionConfig): Uint8Array {
  const config = new MessageWriter();
  // device_count: a map from the device type to the number of devices that may be used.
  if (!useGpu) config.message(1, new MessageWriter().text(1, 'GPU').integer(2, 0));
  if (threads > 0) config.integer(2, threads); // intra_op_parallelism_threads
  if (schedulingThreads !== 0) config.integer(5, schedulingThreads); // inter_op_parallelism_threads
  config.boolean(9, true); // use_per_session_threads
  config.message(6, new MessageWriter().boolean(4, gpuMemoryGrowth)); // gpu_options.allow_growth
  config.boolean(7, true); // allow_soft_placement: integer kernels exist only for the CPU
  if (mixedPrecision || keepsArithmetic) {
    const rewriting = new MessageWriter();
    // constant_folding and arithmetic_optimization.
    if (keepsArithmetic) rewriting.integer(3, OFF).integer(7, OFF);
    // auto_mixed_precision for GPUs, auto_mixed_precision_onednn_bfloat16 for CPUs.
    if (mixedPrecision) rewriting.integer(23, ON).integer(31, ON);
    config.message(10, new MessageWriter().message(10, rewriting)); // graph_options.rewrite_options
  }
  // experimental.executor_type
  if (sequential) config.message(16, new MessageWriter().text(3, 'SINGLE_THREADED_EXECUTOR'));
  return config.finish();
}
