import { inject } from 'vitest';

import { findPrepared } from '../../src/artifacts/prepared.js';
import { startBackend } from '../../src/engine/backends/start.js';
import { silentContext } from '../../src/core/events.js';
import { Random } from '../../src/core/random.js';
import { placeOnDevice, type DeviceImages } from '../../src/engine/running/device-images.js';
import type {
  RunOptions,
  SliceResult,
  TrainingProgram,
  TrainingStep,
} from '../../src/engine/running/program.js';
import { mlp } from '../../src/models/mlp.js';
import type { Model } from '../../src/models/model.js';
import { lossOf, type LossSettings } from './losses.js';
import { optimizers } from '../../src/training/optimizers/index.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { stepCoefficients, trainingStep, type StepSettings } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';

/** Starts TensorFlow on the CPU, with one thread unless it is said otherwise. */
export async function startTensorFlow(threads = 1): Promise<void> {
  const request = { device: 'cpu', threads, runtime: undefined, environment: process.env } as const;
  await startBackend('tensorflow', request, silentContext());
}

/** The training images of MNIST, scaled to −1…1. */
export async function mnistImages(): Promise<DeviceImages> {
  const data = await findPrepared(inject('dataDir'), 'mnist');
  if (!data) throw new Error('the global setup has prepared no MNIST');
  return placeOnDevice(data.train, { scale: 2 / 255, offset: -1 });
}

/** All that a training program is made of: a small net on MNIST. */
export interface TrainingParts {
  model: Model;
  optimizer: Optimizer;
  variables: TrainingVariables;
  step: TrainingStep;
}

/** What a net is trained with beside its optimiser. */
export interface NetSettings extends Omit<StepSettings, 'loss'>, LossSettings {
  areAveraged?: boolean;
}

/** A small net with its variables, which always start alike. The function is smooth, so that nearby weights stay nearby. */
export function smallNet(
  name: string,
  options: Record<string, unknown> = {},
  { areAveraged, clipNorm, augment, privacy, ...loss }: NetSettings = {},
): TrainingParts {
  const definition = optimizers.get(name)!;
  // A registry's definitions have narrower options than the common type says.
  const optimizer = (definition.build as (options: unknown) => Optimizer)(definition.options.parse(options));
  const settings = mlp.options.parse({ hiddenLayers: [32, 16], activation: 'tanh' });
  const model = mlp.build(settings, { shape: { height: 28, width: 28, channels: 1 }, classes: 10 });
  const variables = new TrainingVariables(model, optimizer.slots, 7, areAveraged);
  return {
    model,
    optimizer,
    variables,
    step: trainingStep(model, optimizer, variables, { clipNorm, augment, privacy, loss: lossOf(loss) }),
  };
}

/** Runs a program over `images` shuffled images, in batches of 100, with a learning rate that falls from step to step. */
export async function run(
  program: TrainingProgram,
  { optimizer }: TrainingParts,
  images: number,
  options: Partial<RunOptions> = {},
): Promise<{ done: number; slices: SliceResult[] }> {
  const slices: SliceResult[] = [];
  const done = await program.run({
    order: new Random(3, 'shuffle').shuffle(Int32Array.from({ length: images }, (_, index) => index)),
    batchSize: 100,
    firstBatch: 0,
    coefficients: (batch) => stepCoefficients(optimizer, batch + 1, 0.01 / (1 + batch)),
    signal: new AbortController().signal,
    onSlice: (result) => slices.push(result),
    ...options,
  });
  return { done, slices };
}

/** What slices reported, as one list over the batches. */
export function joined(slices: readonly SliceResult[]): { losses: number[]; correct: number[] } {
  return {
    losses: slices.flatMap(({ losses }) => [...losses]),
    correct: slices.flatMap(({ correct }) => [...correct]),
  };
}

/** The values of all variables, one after the other, by name. */
export async function valuesOf(variables: TrainingVariables): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [index, { spec, value, average, slots }] of variables.parameters.entries()) {
    values.set(`${index} ${spec.name}`, await value.data<'float32'>());
    if (average) values.set(`${index} ${spec.name} average`, await average.data<'float32'>());
    for (const [slot, held] of slots.entries()) {
      values.set(`${index} ${spec.name} slot ${slot}`, await held.data<'float32'>());
    }
  }
  return values;
}

/** The largest difference between two lists of numbers, as a share of the largest number. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, index) => Math.abs(value - actual[index]!))) / largest;
}
