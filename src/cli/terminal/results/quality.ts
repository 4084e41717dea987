import type { CheckReport, CleaningReport } from '../../../data/preparation/cleaning/cleaning-report.js';
import type { CountedQuality } from '../../../data/preparation/cleaning/quality.js';
import { cleanDeep } from '../clean.js';
import { count } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** The findings of the data checks, for people. */
export function qualityText(given: CountedQuality & { cleaning: CleaningReport }, style: Style): string {
  const quality = cleanDeep(given);
  const { bold, yellow } = style;
  const { counts, classNames, pixels, duplicates, constantImages, leakedTestImages } = quality;
  const rows = classNames.map((name, index) => [
    name,
    ...[counts.training, counts.validation, counts.test].map((split) => count(split[index] ?? 0)),
  ]);
  const total = [counts.training, counts.validation, counts.test].map((split) =>
    count(split.reduce((sum, value) => sum + value, 0)),
  );
  const findings = [
    [
      constantImages && constantImages.train.length + constantImages.test.length,
      'blank images (every pixel the same)',
    ],
    [duplicates?.train.length, 'groups of duplicate training images'],
    [duplicates?.test.length, 'groups of duplicate test images'],
    [leakedTestImages?.length, 'test images that are also in the training set (leakage)'],
  ] as const;
  return [
    bold(`${quality.dataset}: images per class`),
    table(['class', 'training', 'validation', 'test'], [...rows, ['all', ...total]]),
    '',
    `pixels: mean ${pixels.mean.toFixed(2)}, standard deviation ${pixels.standardDeviation.toFixed(2)} (0 to 255, training split)`,
    ...findings.flatMap(([found, what]) =>
      found === undefined ? [] : found > 0 ? yellow(`${count(found)} ${what}`) : `no ${what}`,
    ),
    ...(duplicates ? [] : ['no search for duplicates: the data set does not fit into memory']),
    ...cleaningLines(quality.cleaning, style),
  ].join('\n');
}

function cleaningLines(cleaning: CleaningReport, { bold, yellow, dim }: Style): string[] {
  const { checks, dropped, relabelled, denoise } = cleaning;
  const entries = Object.entries(checks);
  // A refusal would have ended the stage, and a check that is off found nothing.
  const run = entries.filter(([, { mode }]) => mode !== 'off' && mode !== 'refuse');
  const idle = entries.filter(([, { mode }]) => mode === 'off').map(([name]) => name);
  const lines = run.map(([name, report]) => {
    const line = `${name}: ${outcome(report)}`;
    return report.found.train + report.found.test > 0 ? yellow(line) : line;
  });
  const changed = dropped.train + dropped.test + relabelled > 0;
  return [
    '',
    bold('checks of the raw files'),
    ...lines,
    ...(idle.length > 0 ? [dim(`checks not run: ${idle.join(', ')} (run them with --clean all)`)] : []),
    ...(denoise === 'none' ? [] : [`denoised all images: ${denoise}`]),
    ...(changed
      ? [
          `dropped ${count(dropped.train)} training and ${count(dropped.test)} test images, relabelled ${count(relabelled)} (listed in changes.jsonl)`,
        ]
      : []),
  ];
}

function outcome({ mode, found, dropped, relabelled }: CheckReport): string {
  const all = found.train + found.test;
  if (all === 0) return 'none';
  const done = mode === 'report' ? 'reported' : `${count(dropped)} dropped, ${count(relabelled)} relabelled`;
  return `${count(found.train)} training, ${count(found.test)} test; ${done}`;
}
