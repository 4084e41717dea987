import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import type { Point } from '../../evaluation/curves.js';
import type { Evaluation, ShownMistake } from '../../evaluation/evaluation.js';

/** A mistake with its pictures, as `data:` addresses. */
export interface PicturedMistake extends ShownMistake {
  picture: string;
  /** What in it supports the predicted class. */
  explanation: string;
}

/** Images of a cell of the confusion matrix. */
export interface PicturedCell {
  label: number;
  predicted: number;
  /** How many images it has in all. */
  count: number;
  /** Some of them, as `data:` addresses, by position in the file of their split, with the probability of the predicted class. */
  images: { index: number; probability: number; picture: string }[];
}

/** All that a report shows. */
export interface ReportContent {
  evaluation: Evaluation;
  /** Of the checkpoint, or of each member of an ensemble. */
  descriptions: readonly CheckpointDescription[];
  /** One for each class, against the rest, and one of all together. */
  curves: Record<'roc' | 'precisionRecall', { perClass: Point[][]; all: Point[] }>;
  mistakes: readonly PicturedMistake[];
  cells: readonly PicturedCell[];
  /** The version of this package that makes the report. */
  toolkit: string;
}
