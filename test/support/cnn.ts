import { Random } from '../../src/core/random.js';
import { placeOnDevice } from '../../src/engine/device-images.js';
import { trainingProgram, type ExecutionMode } from '../../src/engine/prepare.js';
import { cnn } from '../../src/models/cnn.js';
import { adam } from '../../src/optimizers/adam.js';
import { stepCoefficients, trainingStep } from '../../src/training/step.js';
import { TrainingVariables } from '../../src/training/variables.js';

/** Trains a small net on noise, from one batch up to another, and perhaps on in a second program. */
export async function trainCnn(
  mode: ExecutionMode,
  range: [number, number] = [0, 4],
  rest?: [number, number],
  { learningRate = 0.01, images = 16, side = 8, batchSize = 4, filters = [3, 4] } = {},
): Promise<{ losses: number[]; kernel: number[] }> {
  const shape = { height: side, width: side, channels: 1 };
  const options = cnn.options.parse({ filters, denseUnits: 12 });
  const model = cnn.build(options, { shape, classes: 3 });
  const optimizer = adam.build(adam.options.parse({}));
  const variables = new TrainingVariables(model, optimizer.slots, 5);
  const random = new Random(2, 'images');
  const pixels = Uint8Array.from({ length: images * side * side }, () => random.integer(256));
  const labels = Uint8Array.from({ length: images }, () => random.integer(3));
  const data = placeOnDevice({ count: images, shape, pixels, labels }, { scale: 2 / 255, offset: -1 });
  const losses: number[] = [];
  for (const [first, end] of rest ? [range, rest] : [range]) {
    const program = trainingProgram(trainingStep(model, optimizer, variables), data, mode);
    await program.run({
      order: Int32Array.from({ length: end * batchSize }, (_, index) => index % images),
      batchSize,
      firstBatch: first,
      coefficients: (batch) => stepCoefficients(optimizer, batch + 1, learningRate),
      signal: new AbortController().signal,
      onSlice: (slice) => losses.push(...slice.losses),
    });
    program.dispose();
  }
  const kernel = Array.from(variables.parameters[0]!.value.dataSync());
  variables.dispose();
  data.dispose();
  return { losses, kernel };
}
