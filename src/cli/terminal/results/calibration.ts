import type { MeasuredDecision } from '../../../artifacts/decision.js';
import type { Calibration } from '../../../stages/calibrate/calibrate.js';
import { cleanDeep } from '../clean.js';
import { changeTable, costText } from './decisions.js';
import { columns, count, loss, percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** What calibration found, for people. */
export function calibrationText(given: Calibration, { bold, dim }: Style): string {
  const calibration = cleanDeep(given);
  const { temperature, measured, classNames, thresholds, path } = calibration;
  const test = measured.find(({ split }) => split === 'test');
  const demanding = classNames.flatMap((name, index) =>
    thresholds[index]! > 0 ? [`${name} ${percent(thresholds[index]!)}`] : [],
  );
  return [
    `temperature ${bold(temperature.toFixed(3))}, fitted on the validation split`,
    splitTable(measured),
    '',
    `thresholds: ${demanding.length === 0 ? 'none, every image is answered' : demanding.join(', ')}`,
    '',
    ...measured.flatMap((split) => changeLines(calibration, split)),
    ...(test
      ? [
          dim('Test set, one threshold for all classes: accuracy vs. share of images sent to a person'),
          curveTable(test),
          '',
        ]
      : []),
    ...likenessLines(calibration),
    columns([
      ['decision', path],
      ['next', `mnist predict ${calibration.checkpoint.run} IMAGE`],
    ]),
  ].join('\n');
}

function likenessLines({ likeness }: Calibration): string[] {
  if (!likeness) return [];
  const { falseAlarms, flagged } = likeness;
  const found = `${percent(flagged.validation)} of the validation split, ${percent(flagged.test)} of the test set`;
  return [`called unlike the training images: ${found} (limit for at most ${percent(falseAlarms)})`, ''];
}

/** What the policy changes; nothing where it decides for the most probable class. */
function changeLines(
  { costs, thresholds, abstentionCost }: Calibration,
  { split, outcome }: MeasuredDecision,
): string[] {
  const isPlain =
    costs === null && abstentionCost === null && thresholds.every((threshold) => threshold === 0);
  if (outcome === undefined || isPlain) return [];
  const [before, after] = [outcome.before, outcome.after].map(({ expectedCost }) => costText(expectedCost));
  return [
    `${split === 'test' ? 'Test set' : 'Validation split'}: expected cost per image ${before!} → ${after!}`,
    changeTable(outcome),
    '',
  ];
}

function splitTable(measured: readonly MeasuredDecision[]): string {
  const head = ['split', 'images', 'loss', 'calibration error', 'answered', 'accuracy of answered'];
  const rows = measured.map(({ split, n, loss: losses, expectedCalibrationError: error, policy }) => [
    split,
    count(n),
    `${loss(losses.before)} → ${loss(losses.after)}`,
    `${percent(error.before)} → ${percent(error.after)}`,
    percent(policy.coverage),
    percent(policy.accuracy),
  ]);
  return table(head, rows);
}

function curveTable({ curve }: MeasuredDecision): string {
  const rows = curve.map(({ threshold, coverage, accuracy }) => [
    percent(threshold),
    percent(coverage),
    percent(1 - coverage),
    percent(accuracy),
  ]);
  return table(['threshold', 'answered', 'sent to a person', 'accuracy of answered'], rows);
}
