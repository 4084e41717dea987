/** A mean of features that is estimated with differential privacy, once, before training, and subtracted from them. */
export interface PrivateCentering {
  /** The parameter that holds the mean, [size]: zeros until it is estimated. */
  readonly parameter: string;
  /** What an image's features have at most as norm. */
  readonly largestNorm: number;
  /** The noise of the estimate, as a multiple of `largestNorm`. */
  readonly noiseMultiplier: number;
}
