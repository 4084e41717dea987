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

/** How often each value of a pixel occurs; the images need not be in memory together. */
export class PixelHistogram {
  readonly #times = new Float64Array(256);

  add(pixels: Uint8Array): void {
    const times = this.#times;
    for (const pixel of pixels) times[pixel]! += 1;
  }

  statistics(): PixelStatistics {
    const count = this.#times.reduce((sum, times) => sum + times, 0);
    const mean = this.#times.reduce((sum, times, pixel) => sum + times * pixel, 0) / count;
    const squares = this.#times.reduce((sum, times, pixel) => sum + times * (pixel - mean) ** 2, 0);
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
