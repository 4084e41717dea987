import type { Reference } from './reference.js';
import {
  featureNames,
  featuresOf,
  histogramOf,
  kolmogorovSmirnov,
  populationStabilityIndex,
} from './statistics.js';
import { NumberWindow } from './window.js';

/** Fewer images than this say nothing about a distribution. */
export const LEAST_IMAGES = 200;
/** Above this, a population stability index means by convention that something has changed. */
export const PSI_ALERT = 0.25;
/** A difference of distribution functions this large matters, if it is no accident (see P_VALUE). */
export const KS_ALERT = 0.15;
const P_VALUE = 0.001;

/** How one number's distribution differs from the training data's. */
export interface Drift {
  feature: string;
  psi: number;
  /** Kolmogorov–Smirnov; null for classes, which have no order. */
  ks: { statistic: number; pValue: number } | null;
  alert: boolean;
}

/** Compares the latest images and predictions with the training data. */
export class DriftDetector {
  readonly #reference: Reference;
  readonly #windows: ReadonlyMap<string, NumberWindow>;
  readonly #classes: NumberWindow;
  /** The windows of what is measured of an image, in that order; an older reference may not know a feature. */
  readonly #ofImage: readonly (NumberWindow | undefined)[];

  /** @param capacity images in the window */
  constructor(reference: Reference, capacity: number) {
    this.#reference = reference;
    this.#windows = new Map([...reference.features.keys()].map((name) => [name, new NumberWindow(capacity)]));
    this.#classes = new NumberWindow(capacity);
    this.#ofImage = featureNames(reference.shape).map((name) => this.#windows.get(name));
  }

  /** Images in the window. */
  get count(): number {
    return this.#classes.count;
  }

  /** Takes an image, the class that it was taken for, and the probability of that. */
  record(pixels: Uint8Array, predicted: number, confidence: number): void {
    const features = featuresOf(pixels, this.#reference.shape);
    this.#ofImage.forEach((window, index) => window?.push(features[index]!));
    this.#windows.get('confidence')!.push(confidence);
    this.#classes.push(predicted);
  }

  /** The drift of every number; none, while there are too few images to tell. */
  measure(): Drift[] {
    if (this.count < LEAST_IMAGES) return [];
    const numbers = [...this.#reference.features].map(([feature, { sample, edges, counts }]): Drift => {
      const values = this.#windows.get(feature)!.values().toSorted();
      const psi = populationStabilityIndex(counts, histogramOf(values, edges));
      const ks = kolmogorovSmirnov(sample, values);
      const isDifferent = ks.statistic > KS_ALERT && ks.pValue < P_VALUE;
      return { feature, psi, ks, alert: psi > PSI_ALERT || isDifferent };
    });
    const observed = new Float64Array(this.#reference.classes.length);
    for (const predicted of this.#classes.values()) observed[predicted]! += 1;
    const psi = populationStabilityIndex(this.#reference.classes, observed);
    return [...numbers, { feature: 'class', psi, ks: null, alert: psi > PSI_ALERT }];
  }
}
