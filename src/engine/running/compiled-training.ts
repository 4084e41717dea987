import type { Variable } from '@tensorflow/tfjs-core';

import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { Session } from '../../tensorflow/c-api/session.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import type { DeviceImages } from './device-images.js';
import type { LabelledImages } from '../../core/images.js';
import {
  batchSizesOf,
  type Coefficients,
  type Execution,
  type RunOptions,
  type SliceResult,
  type TrainingProgram,
  type TrainingStep,
} from './program.js';
import { uploadImages } from '../compiling/session-images.js';
import { SessionVariables } from '../compiling/session-variables.js';
import { SliceLength } from '../compiling/slice-length.js';
import { fittingBatch, stepMemory } from '../compiling/step-memory.js';
import type { Trace } from '../tracing/trace.js';
import { buildTrainingLoop, type TrainingLoop } from '../compiling/training-graph.js';
import { planCores, type CorePlan } from '../sharding/work.js';
import { replaceProgramImages } from './replace-images.js';
import { traceStep } from './trace-step.js';

/**
 * A training step compiled to a TensorFlow graph that contains the loop over batches: a slice of many steps is one call, which does not
 * block the event loop. During a run the session holds the variables; at its end their values are copied back to tfjs.
 */
export class CompiledTraining implements TrainingProgram {
  readonly #step: TrainingStep;
  readonly #data: DeviceImages;
  readonly #parts: number;
  readonly #plan: Partial<CorePlan>;
  /**
   * One traced loop per batch size: the last batch of an epoch may be smaller, and values that tfjs derives from shapes (a mean's
   * divisor, a reshape's target) are constants of the trace.
   */
  readonly #loops = new Map<number, TimedLoop>();
  #opened: OpenSession | undefined;
  #isDisposed = false;

  /**
   * @param parts how many parts of a batch are computed one after another, to save memory; their gradients are summed
   * @param plan overrides of the core plan, which is derived from the step by default
   */
  constructor(step: TrainingStep, data: DeviceImages, plan: Partial<CorePlan> = {}, parts = 1) {
    this.#step = step;
    this.#data = data;
    this.#parts = parts;
    this.#plan = plan;
  }

  get execution(): Execution | undefined {
    return this.#opened && { mode: 'compiled', ...this.#opened.plan };
  }

  async run(options: RunOptions): Promise<number> {
    try {
      return await this.#run(options);
    } catch (error) {
      if (!isToolkitError(error) || error.code !== 'OUT_OF_MEMORY') throw error;
      throw this.#outOfMemory(error, options);
    }
  }

  async #run(options: RunOptions): Promise<number> {
    const { order, batchSize, firstBatch, coefficients, signal, onSlice } = options;
    const sizes = batchSizesOf(options);
    const changed = new Set<Variable>();
    let next = firstBatch;
    let start = sizes.slice(0, next).reduce((sum, size) => sum + size, 0);
    try {
      while (next < sizes.length && !signal.aborted) {
        const first = next;
        const size = sizes[first]!;
        // A smaller last batch may not be divisible, and occurs once per epoch.
        const fullSize = options.batchSizes ? size : batchSize;
        const { loop, length } = await this.#loopFor(size, fullSize, coefficients(first));
        for (const variable of loop.changed) changed.add(variable);
        // A batch of another size is a separate slice.
        const steps = Math.min(length.steps, equalFrom(sizes, first));
        const rows = Array.from({ length: steps }, (_, index) => coefficients(first + index));
        const startedAt = performance.now();
        const result = await this.#runSlice(loop, order.subarray(start, start + steps * size), size, rows);
        length.record(steps, performance.now() - startedAt);
        next += steps;
        start += steps * size;
        onSlice({ first, ...result });
      }
    } finally {
      await this.#opened?.variables.pull(changed);
    }
    return next;
  }

  async replaceImages(images: LabelledImages): Promise<void> {
    await replaceProgramImages(this.#data, this.#opened?.session, images);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#opened?.session.close();
  }

  async #runSlice(
    { nodes }: TrainingLoop,
    indices: Int32Array,
    batchSize: number,
    rows: readonly Coefficients<number>[],
  ): Promise<Omit<SliceResult, 'first'>> {
    const steps = rows.length;
    const values = rows.flatMap((row) => Object.values(row));
    const [losses, correct] = await this.#opened!.session.run({
      feeds: {
        [nodes.order]: { type: DataType.INT32, shape: [steps, batchSize], values: indices },
        [nodes.coefficients]: {
          type: DataType.FLOAT,
          shape: [steps, values.length / steps],
          values: Float32Array.from(values),
        },
      },
      fetches: [nodes.losses, nodes.correct],
      targets: [nodes.updates],
    });
    return { losses: losses as Float32Array, correct: Float32Array.from(correct!) };
  }

  /** Adds a batch size that fits the available memory, estimated from traces with small batches. */
  #outOfMemory(error: ToolkitError, { batchSize, coefficients, firstBatch }: RunOptions): ToolkitError {
    const reason = error.message.replace(/^out of memory: /, '');
    const details = { reason, batchSize };
    const traceOf = (size: number): Trace =>
      traceStep(this.#step, this.#data, size, coefficients(firstBatch));
    try {
      const memory = stepMemory(traceOf(PROBES[0]), PROBES[0], traceOf(PROBES[1]), PROBES[1]);
      const fits = fittingBatch(memory, process.availableMemory(), batchSize);
      return new ToolkitError('OUT_OF_MEMORY', { ...details, fits }, { cause: error });
    } catch {
      // Not even the smallest batch fits.
      return new ToolkitError('OUT_OF_MEMORY', details, { cause: error });
    }
  }

  /** The loop for a batch size, built on first use, with the current variables copied to the session. */
  async #loopFor(size: number, fullSize: number, coefficients: Coefficients<number>): Promise<TimedLoop> {
    if (this.#isDisposed) throw new Error('the program is closed');
    let timed = this.#loops.get(size);
    if (!timed) {
      const step = traceStep(this.#step, this.#data, size, coefficients);
      const { session, variables, plan } = (this.#opened ??= await this.#open(step, size, fullSize));
      // A smaller batch has parts of the same size, if fewer.
      const parts = Math.ceil(size / this.#partSize(fullSize));
      // Only full batches are sharded; parts may differ by an image.
      const isSharded = size === fullSize && (parts > 1 || size % plan.shards === 0);
      const shards = { batch: size, count: isSharded ? parts * plan.shards : parts, parts };
      const loop = buildTrainingLoop(step, shards, this.#data, session, variables);
      timed = { loop, length: new SliceLength() };
      this.#loops.set(size, timed);
    }
    await this.#opened!.variables.push();
    return timed;
  }

  /** The images of the largest part of a batch. */
  #partSize(batchSize: number): number {
    return Math.ceil(batchSize / this.#parts);
  }

  async #open(step: Trace, size: number, fullSize: number): Promise<OpenSession> {
    const { api, config, usesGpu } = tensorFlowContext();
    const plan = {
      ...(usesGpu
        ? ONE_DEVICE
        : planCores(step.operations, { size, fullSize: this.#partSize(fullSize) }, config.threads)),
      ...this.#plan,
    };
    const { threads, schedulingThreads } = plan;
    // Workers have the weights of one process, bit for bit, only where both compute what the trace says; on a GPU there are no workers.
    const session = new Session(api, { ...config, threads, schedulingThreads, keepsArithmetic: !usesGpu });
    await uploadImages(session, this.#data.source);
    if (this.#isDisposed) session.close();
    return { session, variables: new SessionVariables(session), plan };
  }
}

/** How many values in a row are the same, from one on. */
function equalFrom(values: readonly number[], first: number): number {
  const other = values.findIndex((value, at) => at > first && value !== values[first]);
  return (other < 0 ? values.length : other) - first;
}

/** The batch sizes that memory is estimated from. */
const PROBES = [2, 4] as const;

/** A GPU runs the kernels of a step one by one; 0 leaves the number of threads to TensorFlow. */
const ONE_DEVICE: CorePlan = { threads: 0, schedulingThreads: 0, shards: 1 };

interface OpenSession {
  readonly session: Session;
  readonly variables: SessionVariables;
  readonly plan: CorePlan;
}

/** A loop and the length of its slices. */
interface TimedLoop {
  readonly loop: TrainingLoop;
  readonly length: SliceLength;
}
