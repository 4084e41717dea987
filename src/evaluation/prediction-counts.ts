import type { ToolkitEvent } from '../core/events.js';
import { rowOf } from '../core/images.js';
import { indexOfMaximum } from './probabilities.js';

/** Counts how often each class occurs, and how often it is predicted. */
export class PredictionCounts {
  readonly actual: number[];
  readonly predicted: number[];

  constructor(classes: number) {
    this.actual = new Array<number>(classes).fill(0);
    this.predicted = new Array<number>(classes).fill(0);
  }

  /** Adds images by their logits, row by row. */
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
 * Warns about classes that a model never predicts.
 *
 * @param images the evaluated images: "the test images"
 */
export function neverPredictedWarning(classes: readonly string[], images: string): ToolkitEvent {
  const names = classes.map((name) => `"${name}"`).join(', ');
  return {
    event: 'warning',
    code: 'CLASS_NEVER_PREDICTED',
    message: `the model never predicts ${names} on ${images}`,
    hint: 'train for more epochs or add images of these classes; "mnist evaluate" shows what is predicted instead',
  };
}
