import type { ToolkitEvent } from '../core/events.js';
import { rowOf } from '../core/images.js';
import { indexOfMaximum } from './probabilities.js';

/** How often each class occurs in some images, and how often it is predicted. */
export class PredictionCounts {
  readonly actual: number[];
  readonly predicted: number[];

  constructor(classes: number) {
    this.actual = new Array<number>(classes).fill(0);
    this.predicted = new Array<number>(classes).fill(0);
  }

  /** Counts further images by their logits, row by row. */
  add(logits: Float32Array, labels: Uint8Array): void {
    labels.forEach((label, index) => {
      this.actual[label]! += 1;
      this.predicted[indexOfMaximum(rowOf(logits, index, this.actual.length))]! += 1;
    });
  }

  /** The classes with images that are never predicted, by name. */
  neverPredicted(classNames: readonly string[]): string[] {
    return classNames.filter((_, label) => this.actual[label]! > 0 && this.predicted[label] === 0);
  }
}

/**
 * A warning of classes that a model never predicts.
 *
 * @param images where it does not: "the test images"
 */
export function neverPredictedWarning(classes: readonly string[], images: string): ToolkitEvent {
  const names = classes.map((name) => `"${name}"`).join(', ');
  return {
    event: 'warning',
    code: 'CLASS_NEVER_PREDICTED',
    message: `the model never predicts ${names} on ${images}`,
    hint: 'more epochs, or more images of such a class, help; "mnist evaluate" shows what is predicted instead',
  };
}
