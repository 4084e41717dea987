import { rowOf } from '../core/images.js';

/** A model that runs in the browser. */
export interface BrowserModel {
  /** The name of what runs it, for people. */
  readonly engine: string;
  /**
   * The logits of some images, row by row.
   *
   * @param pixels from 0 to 255, image by image
   */
  logits(pixels: Uint8Array, count: number): Promise<Float32Array>;
}

/** The log odds of a class against all others, row by row. */
export function evidenceOf(logits: Float32Array, count: number, target: number): Float64Array {
  const classes = logits.length / count;
  return Float64Array.from({ length: count }, (_, row) => {
    const own = rowOf(logits, row, classes);
    const maximum = own.reduce((most, logit) => Math.max(most, logit), -Infinity);
    // From the logits: probabilities near 1 are too coarse to tell regions apart.
    const others = own.reduce(
      (sum, logit, index) => (index === target ? sum : sum + Math.exp(logit - maximum)),
      0,
    );
    return own[target]! - maximum - Math.log(others);
  });
}
