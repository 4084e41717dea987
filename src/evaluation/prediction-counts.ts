import type { ToolkitEvent } from '../core/events.js';
import { rowOf } from '../core/images.js';
import { ratio } from './confusion.js';
import { indexOfMaximum } from './probabilities.js';

/** What is added up over images as they are classified. */
export interface Tally {
  /** Adds images by their logits, row by row. */
  add(logits: Float32Array, labels: Uint8Array): void;
}

/** Counts how often each class occurs, how often it is predicted, and how often rightly. */
export class PredictionCounts implements Tally {
  readonly actual: number[];
  readonly predicted: number[];
  readonly correct: number[];

  constructor(classes: number) {
    this.actual = new Array<number>(classes).fill(0);
    this.predicted = new Array<number>(classes).fill(0);
    this.correct = new Array<number>(classes).fill(0);
  }

  add(logits: Float32Array, labels: Uint8Array): void {
    labels.forEach((label, index) => {
      this.actual[label]! += 1;
      const predicted = indexOfMaximum(rowOf(logits, index, this.actual.length));
      this.predicted[predicted]! += 1;
      if (predicted === label) this.correct[label]! += 1;
    });
  }

  /** The share of correct predictions, each weighted by its actual class. */
  weightedAccuracy(weights: readonly number[]): number {
    const weighted = (counts: readonly number[]): number =>
      counts.reduce((sum, count, label) => sum + count * weights[label]!, 0);
    return ratio(weighted(this.correct), weighted(this.actual));
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
    hint: 'train for more epochs, with --class-weights balanced, or add images of these classes; "mnist evaluate" shows what is predicted instead',
  };
}
