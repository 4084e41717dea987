import type { QualityReport } from '../preparation/quality.js';
import { count } from './format.js';
import type { Style } from './style.js';
import { table } from './table.js';

/** What was found in a data set, for people. */
export function qualityText(quality: QualityReport, { bold, yellow }: Style): string {
  const { counts, classNames, pixels, duplicates, constantImages, leakedTestImages } = quality;
  const rows = classNames.map((name, index) => [
    name,
    ...[counts.training, counts.validation, counts.test].map((split) => count(split[index] ?? 0)),
  ]);
  const total = [counts.training, counts.validation, counts.test].map((split) =>
    count(split.reduce((sum, value) => sum + value, 0)),
  );
  const findings = [
    [constantImages.train.length + constantImages.test.length, 'images of one colour'],
    [duplicates.train.length, 'groups of equal training images'],
    [duplicates.test.length, 'groups of equal test images'],
    [leakedTestImages.length, 'test images that are training images too'],
  ] as const;
  return [
    bold(`${quality.dataset}: images of each class`),
    table(['class', 'training', 'validation', 'test'], [...rows, ['all', ...total]]),
    '',
    `pixels: mean ${pixels.mean.toFixed(2)}, standard deviation ${pixels.standardDeviation.toFixed(2)} (of 0 to 255, training split)`,
    ...findings.map(([found, what]) => (found > 0 ? yellow(`${count(found)} ${what}`) : `no ${what}`)),
  ].join('\n');
}
