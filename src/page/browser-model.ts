import { rowOf } from '../core/images.js';

/** A model that computes in the browser. */
export interface BrowserModel {
  /** What computes, for people. */
  readonly engine: string;
  /**
   * The logits of some images, row by row.
   *
   * @param pixels from 0 to 255, image by image
   */
  logits(pixels: Uint8Array, count: number): Promise<Float32Array>;
}

/** How much more speaks for a class than for all others together: the logarithm of its odds, row by row. */
export function evidenceOf(logits: Float32Array, count: number, target: number): Float64Array {
  const classes = logits.length / count;
  return Float64Array.from({ length: count }, (_, row) => {
    const own = rowOf(logits, row, classes);
    const maximum = own.reduce((most, logit) => Math.max(most, logit), -Infinity);
    // From the logits, because a probability near 1 has lost what tells places apart.
    const others = own.reduce(
      (sum, logit, index) => (index === target ? sum : sum + Math.exp(logit - maximum)),
      0,
    );
    return own[target]! - maximum - Math.log(others);
  });
}
