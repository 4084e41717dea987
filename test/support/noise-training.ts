import { Random } from '../../src/core/random.js';
import { placeOnDevice } from '../../src/engine/running/device-images.js';
import { trainingProgram, type ExecutionMode } from '../../src/engine/running/prepare.js';
import type { Execution } from '../../src/engine/running/program.js';
import type { Model, ModelTask } from '../../src/models/model.js';
import { adam } from '../../src/training/optimizers/adam.js';
import type { Optimizer } from '../../src/training/optimizers/optimizer.js';
import { stepCoefficients, trainingStep } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/models/variables.js';

/** How a model is trained on noise. */
export interface NoisePlan {
  images: number;
  batchSize: number;
  learningRate: number;
  /** Ranges of batches; each is run by a program of its own. */
  ranges: readonly (readonly [first: number, end: number])[];
  /** Adam, unless it is said otherwise. */
  optimizer?: Optimizer;
}

interface NoiseResult {
  losses: number[];
  weights: Map<string, Float32Array>;
  execution: Execution | undefined;
}

/** Trains a model on images of noise, and returns the losses of the batches and all weights in the end. */
export async function trainOnNoise(
  mode: ExecutionMode,
  model: Model,
  { shape, classes }: ModelTask,
  { images, batchSize, learningRate, ranges, optimizer = adam.build(adam.options.parse({})) }: NoisePlan,
): Promise<NoiseResult> {
  const variables = new TrainingVariables(model, optimizer.slots, 5);
  const random = new Random(2, 'images');
  const { height, width, channels } = shape;
  const pixels = Uint8Array.from({ length: images * height * width * channels }, () => random.integer(256));
  const labels = Uint8Array.from({ length: images }, () => random.integer(classes));
  const data = placeOnDevice({ count: images, shape, pixels, labels }, { scale: 2 / 255, offset: -1 });
  const losses: number[] = [];
  let execution: Execution | undefined;
  for (const [first, end] of ranges) {
    const program = trainingProgram(trainingStep(model, optimizer, variables), data, mode);
    await program.run({
      order: Int32Array.from({ length: end * batchSize }, (_, index) => index % images),
      batchSize,
      firstBatch: first,
      coefficients: (batch) => stepCoefficients(optimizer, batch + 1, learningRate),
      signal: new AbortController().signal,
      onSlice: (slice) => losses.push(...slice.losses),
    });
    execution = program.execution;
    program.dispose();
  }
  const weights = new Map<string, Float32Array>();
  for (const { spec, value } of variables.parameters) weights.set(spec.name, await value.data<'float32'>());
  variables.dispose();
  data.dispose();
  return { losses, weights, execution };
}
