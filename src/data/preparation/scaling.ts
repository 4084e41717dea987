import { pixelsPerImage, rowOf, type LabelledImages, type PixelScaling } from '../../core/images.js';

/** The ways in which pixels from 0 to 255 become inputs, by name. */
export const scalingNames = ['zero-one', 'minus-one-one', 'standardize'] as const;

export type ScalingName = (typeof scalingNames)[number];

/** Mean and standard deviation of pixels, from 0 to 255. */
export interface PixelStatistics {
  mean: number;
  standardDeviation: number;
}

/** Statistics of the pixels of some images; of the training split alone, or the test would leak into the model. */
export function pixelStatistics({ pixels, shape }: LabelledImages, indices: Int32Array): PixelStatistics {
  const size = pixelsPerImage(shape);
  const histogram = new PixelHistogram();
  for (const index of indices) histogram.add(rowOf(pixels, index, size));
  return histogram.statistics();
}

/** How many counters a value of a pixel has: neighbours are often equal, and counting in one place would wait for the last count. */
const LANES = 4;

/** How often each value of a pixel occurs; the images need not be in memory together. */
export class PixelHistogram {
  readonly #lanes = new Float64Array(LANES * 256);

  add(pixels: Uint8Array): void {
    const lanes = this.#lanes;
    const end = pixels.length - (pixels.length % LANES);
    for (let at = 0; at < end; at += LANES) {
      lanes[pixels[at]!]! += 1;
      lanes[256 + pixels[at + 1]!]! += 1;
      lanes[512 + pixels[at + 2]!]! += 1;
      lanes[768 + pixels[at + 3]!]! += 1;
    }
    for (const pixel of pixels.subarray(end)) lanes[pixel]! += 1;
  }

  statistics(): PixelStatistics {
    const lanes = this.#lanes;
    const times = lanes
      .subarray(0, 256)
      .map((first, pixel) => first + lanes[256 + pixel]! + lanes[512 + pixel]! + lanes[768 + pixel]!);
    const count = times.reduce((sum, each) => sum + each, 0);
    const mean = times.reduce((sum, each, pixel) => sum + each * pixel, 0) / count;
    const squares = times.reduce((sum, each, pixel) => sum + each * (pixel - mean) ** 2, 0);
    return { mean, standardDeviation: Math.sqrt(squares / count) };
  }
}

/**
 * The scale and offset of a way of scaling: pixels to 0…1, to −1…1, or to mean 0 and standard deviation 1.
 *
 * @param statistics called only where the way depends on them
 */
export function pixelScaling(name: ScalingName, statistics: () => PixelStatistics): PixelScaling {
  switch (name) {
    case 'zero-one':
      return { scale: 1 / 255, offset: 0 };
    case 'minus-one-one':
      return { scale: 2 / 255, offset: -1 };
    case 'standardize': {
      const { mean, standardDeviation } = statistics();
      // Images that are all the same have no spread to divide by.
      const scale = 1 / (standardDeviation || 1);
      return { scale, offset: -mean * scale };
    }
  }
}
