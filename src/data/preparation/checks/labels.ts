import { defineCheck, splitsOf, type CheckInput, type Finding } from './check.js';
import { rowOf } from '../../../core/images.js';

/** The label of an image whose class is not known: IDX files have no other way to say it. */
export const MISSING_LABEL = 255;

/** A prediction this sure, by models that never saw the image, is taken for a label. */
const CONFIDENT = 0.95;

/**
 * Labels that none of the classes has: missing ones (255, unless there are 256 classes) and those out of range. A set with
 * such labels cannot be learned from, so that the check refuses it unless told otherwise.
 */
export const labelsCheck = defineCheck({
  name: 'labels',
  summary: 'missing (255) or out-of-range labels',
  source: 'by definition; missing labels are predicted with cross-validation',
  modes: ['refuse', 'drop', 'fix'],
  fallback: 'refuse',
  needsBackend: (mode) => mode === 'fix',
  async run(input, mode) {
    const wrong = unusableLabels(input);
    if (mode !== 'fix' || wrong.length === 0) return wrong;
    const predictions = await input.predictions();
    return wrong.map((finding) => {
      const rows = predictions[finding.split];
      const { classes } = predictions;
      const row = rowOf(rows, finding.index, classes);
      const score = row.reduce((max, value) => Math.max(max, value), 0);
      const label = row.indexOf(score);
      return score >= CONFIDENT ? { ...finding, score, label } : { ...finding, score };
    });
  },
});

/** The images whose label is none of the classes. */
export function unusableLabels(input: Pick<CheckInput, 'train' | 'test' | 'classNames'>): Finding[] {
  const classes = input.classNames.length;
  return splitsOf(input).flatMap(([split, { labels }]) =>
    Array.from(labels.keys())
      .filter((index) => labels[index]! >= classes)
      .map((index) => ({ split, index, reason: complaint(labels[index]!, classes), droppable: true })),
  );
}

function complaint(label: number, classes: number): string {
  return label === MISSING_LABEL ? 'no label (255)' : `label ${label}, where there are ${classes} classes`;
}
