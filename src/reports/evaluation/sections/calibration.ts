import { count, percent } from '../../../core/format.js';
import { details, section } from '../../drawing/page-parts.js';
import { reliabilityPlot } from '../plots.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** How confidence and accuracy agree. */
export function calibration({ calibration: found, scaled, members }: Evaluation): string {
  const { bins, expectedCalibrationError, maximumCalibrationError } = found;
  const chart = reliabilityPlot(bins, {
    title: 'Confidence and accuracy',
    description: `Confidence is ${percent(expectedCalibrationError)} from accuracy in the mean, and ${percent(maximumCalibrationError)} at most.`,
  });
  const after = scaled
    ? ` At the temperature ${scaled.temperature.toFixed(3)} that was fitted on the validation images: ${percent(scaled.expectedCalibrationError)}.`
    : members === null
      ? ' Not calibrated: <code>mnist calibrate</code> fits a temperature.'
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
    'Do probabilities mean what they say?',
    `<p>Expected calibration error ${percent(expectedCalibrationError)}.${after}</p>${chart}<p class="soft">On the dashed line, answers are as often right as they say. A larger dot stands for more images.</p>${details('The numbers', ['Confidence', 'Images', 'Mean', 'Accuracy'], rows)}`,
  );
}
