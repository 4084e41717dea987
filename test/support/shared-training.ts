import type { ImageShape } from '../../src/core/images.js';
import { DistributedTraining } from '../../src/engine/distributed/distributed-training.js';
import type { WorkerGroup } from '../../src/engine/distributed/worker-group.js';
import { CompiledTraining } from '../../src/engine/running/compiled-training.js';
import type { DeviceImages } from '../../src/engine/running/device-images.js';
import type { RunOptions, SliceResult } from '../../src/engine/running/program.js';
import { models } from '../../src/models/index.js';
import type { Model } from '../../src/models/model.js';
import { TrainingVariables } from '../../src/models/variables.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { stepCoefficients, trainingStep, type StepSettings } from '../../src/training/step.js';
import { joined, valuesOf } from './training.js';
import { connectedGroups } from './workers.js';

/** A net that workers train. */
export interface SharedNet {
  model?: string;
  options?: Record<string, unknown>;
  optimizer?: string;
  optimizerOptions?: Record<string, unknown>;
  settings?: StepSettings;
  isAveraged?: boolean;
}

/** A net's step, with variables that always start alike. */
export function sharedNet(
  {
    model: name = 'mlp',
    options = name === 'mlp' ? { hiddenLayers: [32, 16] } : {},
    optimizer: optimizerName = 'adam',
    optimizerOptions = {},
    settings = {},
    isAveraged = false,
  }: SharedNet,
  shape: ImageShape,
): { optimizer: Optimizer; variables: TrainingVariables; step: ReturnType<typeof trainingStep> } {
  const definition = models.get(name)!;
  const task = { shape, classes: 10 };
  const model = (definition.build as (options: unknown, of: typeof task) => Model)(
    definition.options.parse(options),
    task,
  );
  const chosen = optimizers.get(optimizerName)!;
  const optimizer = (chosen.build as (options: unknown) => Optimizer)(chosen.options.parse(optimizerOptions));
  const variables = new TrainingVariables(model, optimizer.slots, 7, isAveraged);
  return { optimizer, variables, step: trainingStep(model, optimizer, variables, settings) };
}

/** An epoch of all images, in an order that mixes them. */
export function epochOf(
  images: DeviceImages,
  optimizer: Optimizer,
  {
    batchSize,
    isAveraged = false,
    slices = [],
  }: { batchSize: number; isAveraged?: boolean; slices?: SliceResult[] },
): RunOptions {
  return {
    order: Int32Array.from({ length: images.count }, (_, index) => (index * 7) % images.count),
    batchSize,
    firstBatch: 0,
    coefficients: (batch) =>
      stepCoefficients(optimizer, batch + 1, 0.01, { averageWeights: isAveraged ? 0.9 : undefined }),
    signal: new AbortController().signal,
    onSlice: (result) => slices.push(result),
  };
}

/**
 * Trains a net for an epoch, in one process whose batches are cut into shards, and with workers. Returns the largest difference of their weights,
 * and the losses of the steps: of the process, then of each worker.
 */
export async function trainBoth(
  net: SharedNet,
  images: DeviceImages,
  size: number,
  { shards = size, batchSize = 30 } = {},
): Promise<{ largest: number; losses: number[][] }> {
  const one = sharedNet(net, images.source.shape);
  const single = new CompiledTraining(one.step, images, { shards, threads: 1, schedulingThreads: 1 });
  const slices: SliceResult[] = [];
  const { isAveraged = false } = net;
  await single.run(epochOf(images, one.optimizer, { batchSize, isAveraged, slices }));
  single.dispose();
  const wanted = await valuesOf(one.variables);
  const outcomes = await Promise.all(
    connectedGroups(size).map((group) => trainShare(net, images, group, batchSize)),
  );
  const differences = outcomes.flatMap(({ values }) =>
    [...values].map(([name, value]) => largestDifference(value, wanted.get(name)!)),
  );
  const losses = [slices, ...outcomes.map((outcome) => outcome.slices)].map((each) => joined(each).losses);
  one.variables.dispose();
  return { largest: Math.max(...differences), losses };
}

function largestDifference(some: Float32Array, others: Float32Array): number {
  return some.reduce((largest, value, at) => Math.max(largest, Math.abs(value - others[at]!)), 0);
}

async function trainShare(
  net: SharedNet,
  images: DeviceImages,
  group: WorkerGroup,
  batchSize: number,
): Promise<{ values: Awaited<ReturnType<typeof valuesOf>>; slices: SliceResult[] }> {
  const { step, optimizer, variables } = sharedNet(net, images.source.shape);
  const program = new DistributedTraining(step, images, group);
  const slices: SliceResult[] = [];
  const { isAveraged = false } = net;
  const batches = await program.run(epochOf(images, optimizer, { batchSize, isAveraged, slices }));
  if (batches !== Math.ceil(images.count / batchSize)) throw new Error(`${batches} batches were trained`);
  program.dispose();
  const values = await valuesOf(variables);
  variables.dispose();
  return { values, slices };
}
