import { count, percent } from '../../../core/format.js';
import { details, section } from '../../drawing/page-parts.js';
import { reliabilityDiagram } from '../../charts/line-charts.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** Calibration: how well confidence and accuracy agree. */
export function calibration({ metrics, extras: { scaled }, subject: { members } }: Evaluation): string {
  const { bins, expectedCalibrationError, maximumCalibrationError } = metrics.calibration;
  const chart = reliabilityDiagram(bins, {
    title: 'Reliability diagram',
    description: `Confidence and accuracy differ by ${percent(expectedCalibrationError)} on average, and by at most ${percent(maximumCalibrationError)}.`,
  });
  const after = scaled
    ? ` After temperature scaling (T = ${scaled.temperature.toFixed(3)}, fitted on the validation split): ${percent(scaled.expectedCalibrationError)}.`
    : members === null
      ? ' Not calibrated yet: run <code>mnist calibrate</code>.'
      : '';
  const rows = bins
    .filter((bin) => bin.count > 0)
    .map(({ from, to, count: images, confidence, accuracy }) => [
      `${percent(from)} – ${percent(to)}`,
      count(images),
      percent(confidence),
      percent(accuracy),
    ]);
  return section(
    'calibration',
    'Calibration',
    `<p>Expected calibration error ${percent(expectedCalibrationError)}.${after}</p>${chart}<p class="soft">Dashed line: perfect calibration. Larger dots stand for more images.</p>${details('Show the numbers', ['Confidence', 'Images', 'Mean confidence', 'Accuracy'], rows)}`,
  );
}
