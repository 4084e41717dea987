import { DistributedTraining } from '../../src/engine/distributed/distributed-training.js';
import type { WorkerGroup } from '../../src/engine/distributed/worker-group.js';
import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../src/engine/running/device-images.js';
import type { TrainingProgram } from '../../src/engine/running/program.js';
import { stepCoefficients } from '../../src/training/step.js';
import { sharedNet } from '../../test/support/shared-training.js';
import { joined, valuesOf } from '../../test/support/training.js';
import { madeImages } from './made-images.js';
import { groupOfOne } from './scaling/alone.js';

/** A net with the options of its model, and how long it is trained. */
export interface TrainingTask {
  readonly kind: 'train';
  readonly model: string;
  readonly batch: number;
  readonly steps: number;
  /** Steps before these, whose time does not count. */
  readonly warmUp?: number;
  /** Each worker computes its share without the others, to measure what their exchanges cost. */
  readonly isAlone?: boolean;
}

/** What came of it. */
export interface Trained {
  /** Of each step, in order. */
  readonly losses: readonly number[];
  /** All variables, one after another. */
  readonly weights: Float32Array;
  /** The mean time of a step after the first ones. */
  readonly stepMs: number;
}

/** The training images of all tasks; batches go through them again and again. */
const IMAGES = 5000;
const RATE = 0.001;
const OPTIMIZER = 'adam';
/** A step over the images that meets all of them before it meets one again. */
const STRIDE = 7;

/** The net of a task, with variables that always start alike. */
export function netOf(model: string, images: DeviceImages): ReturnType<typeof sharedNet> {
  const options = model === 'mlp' ? { hiddenLayers: [128, 64] } : {};
  return sharedNet(
    { model, options, optimizer: OPTIMIZER, settings: { isShared: true } },
    images.source.shape,
  );
}

/** Trains as one of the workers of a group. */
export async function trainShare(task: TrainingTask, group: WorkerGroup): Promise<Trained> {
  const members = task.isAlone ? groupOfOne(group.size) : group;
  return train(task, (step, images) => new DistributedTraining(step, images, members));
}

/** Trains in one process, which cuts its batches into shards, on one thread. */
export async function trainInShards(task: TrainingTask, shards: number): Promise<Trained> {
  const plan = { shards, threads: 1, schedulingThreads: 1 };
  return train(task, (step, images) => new CompiledTraining(step, images, plan));
}

async function train(
  { model, batch, steps, warmUp = 0 }: TrainingTask,
  make: (step: ReturnType<typeof sharedNet>['step'], images: DeviceImages) => TrainingProgram,
): Promise<Trained> {
  const images = madeImages(IMAGES);
  const { step, optimizer, variables } = netOf(model, images);
  const program = make(step, images);
  const slices: { losses: Float32Array; correct: Float32Array }[] = [];
  const run = async (first: number, count: number): Promise<number> => {
    const startedAt = performance.now();
    await program.run({
      order: Int32Array.from({ length: (first + count) * batch }, (_, at) => (at * STRIDE) % IMAGES),
      batchSize: batch,
      firstBatch: first,
      coefficients: (at) => stepCoefficients(optimizer, at + 1, RATE, {}),
      signal: new AbortController().signal,
      onSlice: (slice) => slices.push(slice),
    });
    return (performance.now() - startedAt) / count;
  };
  try {
    if (warmUp > 0) await run(0, warmUp);
    const stepMs = await run(warmUp, steps);
    const values = [...(await valuesOf(variables)).values()];
    const { losses } = joined(slices.map((slice, first) => ({ first, ...slice })));
    return { losses, weights: Float32Array.from(values.flatMap((value) => [...value])), stepMs };
  } finally {
    program.dispose();
    variables.dispose();
    images.dispose();
  }
}
