import {
  dispose,
  scalar,
  type Scalar,
  type Tensor1D,
  type Tensor4D,
  type Variable,
} from '@tensorflow/tfjs-core';

import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { DataType } from '../../tensorflow/c-api/data-types.js';
import { Session } from '../../tensorflow/c-api/session.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import { hostBatch, type DeviceImages } from './device-images.js';
import { pixelsPerImage, type LabelledImages } from '../../core/images.js';
import type {
  Coefficients,
  Execution,
  RunOptions,
  SliceResult,
  TrainingProgram,
  TrainingStep,
} from './program.js';
import { replaceImages, uploadImages } from '../compiling/session-images.js';
import { SessionVariables } from '../compiling/session-variables.js';
import { SliceLength } from '../compiling/slice-length.js';
import { fittingBatch, stepMemory } from '../compiling/step-memory.js';
import { trace, type Trace } from '../tracing/trace.js';
import { requireRepeatable } from '../tracing/traceable.js';
import { buildTrainingLoop, type TrainingLoop } from '../compiling/training-graph.js';
import { planCores, type CorePlan } from '../sharding/work.js';

/**
 * A training step as a TensorFlow graph with the loop over batches in it: a slice of many steps is one call, during which the
 * event loop is free. While a run lasts, variables live in the session; when it has ended, tfjs's have their values.
 */
export class CompiledTraining implements TrainingProgram {
  readonly #step: TrainingStep;
  readonly #data: DeviceImages;
  readonly #plan: Partial<CorePlan>;
  /**
   * The step is recorded once for each size of batch that occurs: an epoch's last may be smaller, and what tfjs computes of
   * shapes (a mean's divisor, a reshape's target) is part of the record.
   */
  readonly #loops = new Map<number, TimedLoop>();
  #opened: Opened | undefined;
  #isDisposed = false;

  /** @param plan how it is to use the cores, where that is not to be found out */
  constructor(step: TrainingStep, data: DeviceImages, plan: Partial<CorePlan> = {}) {
    this.#step = step;
    this.#data = data;
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

  async #run({ order, batchSize, firstBatch, coefficients, signal, onSlice }: RunOptions): Promise<number> {
    const batches = Math.ceil(order.length / batchSize);
    const changed = new Set<Variable>();
    let next = firstBatch;
    try {
      while (next < batches && !signal.aborted) {
        const first = next;
        const rest = order.subarray(first * batchSize);
        // A last, smaller batch is a slice of its own.
        const size = Math.min(batchSize, rest.length);
        const { loop, length } = await this.#loopFor(size, batchSize, coefficients(first));
        for (const variable of loop.changed) changed.add(variable);
        const steps = Math.min(length.steps, Math.floor(rest.length / size));
        const rows = Array.from({ length: steps }, (_, index) => coefficients(first + index));
        const startedAt = performance.now();
        const result = await this.#runSlice(loop, rest.subarray(0, steps * size), size, rows);
        length.measured(steps, performance.now() - startedAt);
        next += steps;
        onSlice({ first, ...result });
      }
    } finally {
      await this.#opened?.variables.pull(changed);
    }
    return next;
  }

  async replaceImages(images: LabelledImages): Promise<void> {
    const { count, shape } = this.#data.source;
    if (images.count !== count || pixelsPerImage(images.shape) !== pixelsPerImage(shape)) {
      throw new Error(`${images.count} images cannot take the place of ${count}`);
    }
    this.#data.replace(images);
    if (this.#opened) await replaceImages(this.#opened.session, images);
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

  /** Says which size of batch would fit into the memory that there is now, as far as a small batch of the step shows it. */
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
      // Not even the smallest batch can be tried.
      return new ToolkitError('OUT_OF_MEMORY', details, { cause: error });
    }
  }

  /** The loop over batches of a size, made when it is first needed; its variables are in the session then. */
  async #loopFor(size: number, fullSize: number, coefficients: Coefficients<number>): Promise<TimedLoop> {
    if (this.#isDisposed) throw new Error('the program is closed');
    let timed = this.#loops.get(size);
    if (!timed) {
      const step = traceStep(this.#step, this.#data, size, coefficients);
      const { session, variables, plan } = (this.#opened ??= await this.#open(step, size, fullSize));
      // Only whole batches are cut into shards: another size need not be divisible, and occurs once an epoch.
      const shards = size === fullSize ? plan.shards : 1;
      const loop = buildTrainingLoop(step, { batch: size, count: shards }, this.#data, session, variables);
      timed = { loop, length: new SliceLength() };
      this.#loops.set(size, timed);
    }
    await this.#opened!.variables.push();
    return timed;
  }

  async #open(step: Trace, size: number, fullSize: number): Promise<Opened> {
    const { api, config, usesGpu } = tensorFlowContext();
    const plan = {
      ...(usesGpu ? ONE_DEVICE : planCores(step.operations, { size, fullSize }, config.threads)),
      ...this.#plan,
    };
    const { threads, schedulingThreads } = plan;
    const session = new Session(api, { ...config, threads, schedulingThreads });
    await uploadImages(session, this.#data.source);
    if (this.#isDisposed) session.close();
    return { session, variables: new SessionVariables(session), plan };
  }
}

/** Sizes of batches from which the memory of others is worked out. */
const PROBES = [2, 4] as const;

/** A GPU does a step's kernels one after the other; the numbers leave the threads to TensorFlow. */
const ONE_DEVICE: CorePlan = { threads: 0, schedulingThreads: 0, shards: 1 };

interface Opened {
  readonly session: Session;
  readonly variables: SessionVariables;
  readonly plan: CorePlan;
}

/** A loop, and how long its slices are to be. */
interface TimedLoop {
  readonly loop: TrainingLoop;
  readonly length: SliceLength;
}

/** Records a step with two different batches, so that nothing of a batch gets into the program. */
function traceStep(
  step: TrainingStep,
  data: DeviceImages,
  batchSize: number,
  coefficients: Coefficients<number>,
): Trace {
  const names = Object.keys(coefficients);
  const record = (indexAt: (position: number) => number, factor: number): Trace => {
    const indices = Int32Array.from({ length: batchSize }, (_, position) => indexAt(position));
    const { images, labels } = hostBatch(data, indices);
    const scalars = Object.values(coefficients).map((value) => scalar(value * factor, 'float32'));
    try {
      return trace(
        ([images, labels, ...scalars]) => {
          const batch = { images: images as Tensor4D, labels: labels as Tensor1D };
          const named = Object.fromEntries(names.map((name, at) => [name, scalars[at] as Scalar]));
          const { loss, correct } = step(batch, named);
          return [loss, correct];
        },
        [images, labels, ...scalars],
      );
    } finally {
      dispose([images, labels, ...scalars]);
    }
  };
  const first = record((position) => position % data.count, 1);
  const second = record((position) => data.count - 1 - (position % data.count), 0.5);
  requireRepeatable(first, second);
  return first;
}
