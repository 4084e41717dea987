import type { StageContext } from '../../core/events.js';
import { pixelsPerImage, rowOf, type LabelledImages } from '../../core/images.js';
import { encodeLite } from './encode.js';
import { tensorsOf, type LiteGraph, type LiteTensor } from './graph.js';
import { LiteRtSession } from './litert.js';

/** The smallest and the largest value that a tensor has had. */
export interface Range {
  min: number;
  max: number;
}

/**
 * Runs a graph of floats on some images, and measures every result in it. Throws what `LiteRtSession.load` throws.
 *
 * @param graph takes bytes
 */
export async function measureRanges(
  graph: LiteGraph,
  images: LabelledImages,
  context: StageContext,
): Promise<Map<LiteTensor, Range>> {
  const results = [...tensorsOf(graph)].filter(({ type, values }) => type === 'float32' && !values);
  const file = encodeLite({ ...graph, outputs: results }, 'calibration');
  const session = await LiteRtSession.load(file, context);
  const ranges = results.map((): Range => ({ min: Infinity, max: -Infinity }));
  const size = pixelsPerImage(images.shape);
  try {
    for (let index = 0; index < images.count; index++) {
      context.signal.throwIfAborted();
      const values = rowOf(images.pixels, index, size);
      const outputs = await session.run({ values, shape: graph.inputs[0]!.shape });
      outputs.forEach((bytes, place) => {
        widen(ranges[place]!, new Float32Array(bytes.buffer));
      });
    }
  } finally {
    session.dispose();
  }
  return new Map(results.map((tensor, place) => [tensor, ranges[place]!]));
}

function widen(range: Range, values: Float32Array): void {
  for (const value of values) {
    if (value < range.min) range.min = value;
    if (value > range.max) range.max = value;
  }
}
