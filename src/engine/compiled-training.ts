import { dispose, scalar, type Scalar, type Tensor1D, type Tensor4D } from '@tensorflow/tfjs-core';

import { DataType } from '../tensorflow/data-types.js';
import { Session } from '../tensorflow/session.js';
import type { SessionConfig } from '../tensorflow/session-config.js';
import { tensorFlowContext } from '../tensorflow/tfjs-backend.js';
import { hostBatch, type DeviceImages } from './device-images.js';
import type { RunOptions, SliceResult, TrainingProgram, TrainingStep } from './program.js';
import { uploadImages } from './session-images.js';
import { SessionVariables } from './session-variables.js';
import { SliceLength } from './slice-length.js';
import { trace, type Trace } from './trace.js';
import { requireRepeatable } from './traceable.js';
import { buildTrainingLoop, type TrainingLoop } from './training-graph.js';

/**
 * A training step as a TensorFlow graph with the loop over batches in it: a slice of many steps is one call, during which the
 * event loop is free. While a run lasts, variables live in the session; when it has ended, tfjs's have their values.
 */
export class CompiledTraining implements TrainingProgram {
  readonly #step: TrainingStep;
  readonly #data: DeviceImages;
  readonly #session: Session;
  readonly #variables: SessionVariables;
  readonly #sliceLength = new SliceLength();
  /**
   * The step is recorded once for each size of batch that occurs: an epoch's last may be smaller, and what tfjs computes of
   * shapes (a mean's divisor, a reshape's target) is part of the record.
   */
  readonly #loops = new Map<number, TrainingLoop>();
  #isUploaded = false;

  constructor(step: TrainingStep, data: DeviceImages, config?: Partial<SessionConfig>) {
    this.#step = step;
    this.#data = data;
    const context = tensorFlowContext();
    this.#session = new Session(context.api, { ...context.config, ...config });
    this.#variables = new SessionVariables(this.#session);
  }

  async run({ order, batchSize, firstBatch, coefficients, signal, onSlice }: RunOptions): Promise<number> {
    const batches = Math.ceil(order.length / batchSize);
    const changed = new Set<TrainingLoop>();
    let next = firstBatch;
    try {
      while (next < batches && !signal.aborted) {
        const first = next;
        const rest = order.subarray(first * batchSize);
        // A last, smaller batch is a slice of its own.
        const size = Math.min(batchSize, rest.length);
        const steps = Math.min(this.#sliceLength.steps, Math.floor(rest.length / size));
        const rows = Array.from({ length: steps }, (_, index) => coefficients(first + index));
        const loop = await this.#loopFor(size, rows[0]!);
        changed.add(loop);
        const result = await this.#runSlice(loop, rest.subarray(0, steps * size), size, rows);
        next += steps;
        onSlice({ first, ...result });
      }
    } finally {
      await this.#variables.pull(new Set([...changed].flatMap((loop) => loop.changed)));
    }
    return next;
  }

  dispose(): void {
    this.#session.close();
  }

  async #runSlice(
    { nodes }: TrainingLoop,
    indices: Int32Array,
    batchSize: number,
    coefficients: readonly (readonly number[])[],
  ): Promise<Omit<SliceResult, 'first'>> {
    const startedAt = performance.now();
    const steps = coefficients.length;
    const [losses, correct] = await this.#session.run({
      feeds: {
        [nodes.order]: { type: DataType.INT32, shape: [steps, batchSize], values: indices },
        [nodes.coefficients]: {
          type: DataType.FLOAT,
          shape: [steps, coefficients[0]?.length ?? 0],
          values: Float32Array.from(coefficients.flat()),
        },
      },
      fetches: [nodes.losses, nodes.correct],
    });
    this.#sliceLength.measured(steps, performance.now() - startedAt);
    return { losses: losses as Float32Array, correct: Float32Array.from(correct!) };
  }

  /** The loop over batches of a size, made when it is first needed; its variables are in the session then. */
  async #loopFor(batchSize: number, coefficients: readonly number[]): Promise<TrainingLoop> {
    if (!this.#isUploaded) await uploadImages(this.#session, this.#data.source);
    this.#isUploaded = true;
    let loop = this.#loops.get(batchSize);
    if (!loop) {
      const step = traceStep(this.#step, this.#data, batchSize, coefficients);
      loop = buildTrainingLoop(step, batchSize, this.#data, this.#session, this.#variables);
      this.#loops.set(batchSize, loop);
    }
    await this.#variables.push();
    return loop;
  }
}

/** Records a step with two different batches, so that nothing of a batch gets into the program. */
function traceStep(
  step: TrainingStep,
  data: DeviceImages,
  batchSize: number,
  coefficients: readonly number[],
): Trace {
  const record = (indexAt: (position: number) => number, factor: number): Trace => {
    const indices = Int32Array.from({ length: batchSize }, (_, position) => indexAt(position));
    const { images, labels } = hostBatch(data, indices);
    const scalars = coefficients.map((value) => scalar(value * factor, 'float32'));
    try {
      return trace(
        ([images, labels, ...scalars]) => {
          const batch = { images: images as Tensor4D, labels: labels as Tensor1D };
          const { loss, correct } = step(batch, scalars as Scalar[]);
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
