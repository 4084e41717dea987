import type { ExecutionMode } from '../../src/engine/running/prepare.js';
import { cnn } from '../../src/models/cnn.js';
import { trainOnNoise } from './noise-training.js';

/** Trains a small net on noise, from one batch up to another, and perhaps on in a second program. */
export async function trainCnn(
  mode: ExecutionMode,
  range: [number, number] = [0, 4],
  rest?: [number, number],
  { learningRate = 0.01, images = 16, side = 8, batchSize = 4, filters = [3, 4] } = {},
): Promise<{ losses: number[]; kernel: number[] }> {
  const task = { shape: { height: side, width: side, channels: 1 }, classes: 3 };
  const model = cnn.build(cnn.options.parse({ filters, denseUnits: 12 }), task);
  const ranges = rest ? [range, rest] : [range];
  const { losses, weights } = await trainOnNoise(mode, model, task, {
    images,
    batchSize,
    learningRate,
    ranges,
  });
  return { losses, kernel: [...weights.get(model.parameters[0]!.name)!] };
}
