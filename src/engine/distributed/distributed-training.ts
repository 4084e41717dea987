import type { Variable } from '@tensorflow/tfjs-core';

import type { LabelledImages } from '../../core/images.js';
import { tensorFlowContext } from '../../tensorflow/backend/tfjs-backend.js';
import { Session } from '../../tensorflow/c-api/session.js';
import { SliceLength } from '../compiling/slice-length.js';
import { uploadImages } from '../compiling/session-images.js';
import { SessionVariables } from '../compiling/session-variables.js';
import type { DeviceImages } from '../running/device-images.js';
import type {
  Coefficients,
  Execution,
  RunOptions,
  SliceResult,
  TrainingProgram,
  TrainingStep,
} from '../running/program.js';
import { replaceProgramImages } from '../running/replace-images.js';
import { traceStep } from '../running/trace-step.js';
import { buildShareProgram } from './share-program.js';
import { ShareRunner } from './share-runner.js';
import { isReplicated, shareBatch, type Shares } from '../sharding/shares.js';
import { agreedInterruption, wishOf, type StopWish } from './agreed-stop.js';
import type { WorkerGroup } from './worker-group.js';

/**
 * A training step that several workers run together, each with its rows of every batch (synchronous data parallelism). All workers hold the
 * same variables, and update them with the same sums: the net is the one that a single process trains with as many shards. All of them make
 * the same calls with the same orders; when a run stops is the first worker's decision.
 */
export class DistributedTraining implements TrainingProgram {
  readonly #step: TrainingStep;
  readonly #data: DeviceImages;
  readonly #group: WorkerGroup;
  readonly #loops = new Map<number, Loop>();
  #opened: OpenSession | undefined;
  #isDisposed = false;

  constructor(step: TrainingStep, data: DeviceImages, group: WorkerGroup) {
    this.#step = step;
    this.#data = data;
    this.#group = group;
  }

  get execution(): Execution | undefined {
    if (!this.#opened) return undefined;
    const { threads } = this.#opened;
    return { mode: 'compiled', threads, schedulingThreads: threads, shards: this.#group.size };
  }

  async run({ order, batchSize, firstBatch, coefficients, signal, onSlice }: RunOptions): Promise<number> {
    const batches = Math.ceil(order.length / batchSize);
    const changed = new Set<Variable>();
    let next = firstBatch;
    try {
      while (next < batches) {
        const first = next;
        const rest = order.subarray(first * batchSize);
        // A smaller last batch is a separate slice.
        const size = Math.min(batchSize, rest.length);
        const length = this.#loops.get(size)?.length.steps ?? 1;
        const steps = await this.#agree(signal, Math.min(length, Math.floor(rest.length / size)));
        if (steps === 0) break;
        const loop = await this.#loopFor(size, batchSize, coefficients(first));
        for (const variable of loop.changed) changed.add(variable);
        const startedAt = performance.now();
        const result = await runSlice(loop, rest, size, steps, (index) => coefficients(first + index));
        loop.length.record(steps, performance.now() - startedAt);
        next += steps;
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
    for (const { runner } of this.#loops.values()) runner.dispose();
    this.#opened?.session.close();
  }

  /** How many steps the next slice has, as the first worker decides; 0: the run stops here. Any worker may ask for a stop. */
  async #agree(signal: AbortSignal, steps: number): Promise<number> {
    const wish: Wish = { steps, stop: wishOf(signal) };
    const wishes = await this.#group.share(wish);
    const [{ steps: agreed, stop } = wish] = wishes;
    // The pauses of the first worker's clock count alone; an interruption of any worker does.
    const interruption = agreedInterruption(
      this.#group,
      wishes.map((each) => each.stop),
    );
    return interruption || stop === 'PAUSE' ? 0 : agreed;
  }

  async #loopFor(size: number, fullSize: number, coefficients: Coefficients<number>): Promise<Loop> {
    if (this.#isDisposed) throw new Error('the program is closed');
    let loop = this.#loops.get(size);
    if (!loop) {
      const step = traceStep(this.#step, this.#data, size, coefficients);
      const { session, variables } = (this.#opened ??= await this.#open());
      const shares = this.#sharesOf(size, fullSize);
      // A batch that is not shared is every worker's own.
      const place = shares.sizes.length === 1 ? 0 : this.#group.rank;
      const program = buildShareProgram(step, shares, place, this.#data, session, variables);
      const runner = new ShareRunner(tensorFlowContext().api, session, program, this.#group);
      loop = { runner, changed: program.changed, length: new SliceLength() };
      this.#loops.set(size, loop);
    }
    await this.#opened!.variables.push();
    return loop;
  }

  #sharesOf(size: number, fullSize: number): Shares {
    const { size: workers } = this.#group;
    return shareBatch(size, isReplicated(size, fullSize, workers) ? 1 : workers);
  }

  async #open(): Promise<OpenSession> {
    const { api, config } = tensorFlowContext();
    const { threads } = config;
    const sequential = threads === 1;
    const session = new Session(api, {
      ...config,
      schedulingThreads: threads,
      sequential,
      keepsArithmetic: true,
    });
    await uploadImages(session, this.#data.source);
    if (this.#isDisposed) session.close();
    return { session, variables: new SessionVariables(session), threads };
  }
}

interface OpenSession {
  readonly session: Session;
  readonly variables: SessionVariables;
  readonly threads: number;
}

/** The step of a batch size, and the length of its slices. */
interface Loop {
  readonly runner: ShareRunner;
  readonly changed: readonly Variable[];
  readonly length: SliceLength;
}

/** What a worker proposes before a slice. */
interface Wish {
  steps: number;
  stop: StopWish;
}

async function runSlice(
  { runner }: Loop,
  order: Int32Array,
  size: number,
  steps: number,
  coefficients: (step: number) => Coefficients<number>,
): Promise<Omit<SliceResult, 'first'>> {
  const losses = new Float32Array(steps);
  const correct = new Float32Array(steps);
  for (let step = 0; step < steps; step++) {
    const row = Float32Array.from(Object.values(coefficients(step)));
    const outcome = await runner.run(order.subarray(step * size, (step + 1) * size), row);
    losses[step] = outcome.loss;
    correct[step] = outcome.correct;
  }
  return { losses, correct };
}
