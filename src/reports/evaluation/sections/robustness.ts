import { percent } from '../../../core/format.js';
import { details, section } from '../../drawing/page-parts.js';
import { barPlot } from '../plots.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** Accuracy under noise, rotation, shift and blur, where it was measured. */
export function robustness({ robustness: found, accuracy }: Evaluation): string {
  const title = 'Images made worse';
  if (found === null) {
    return section(
      'robustness',
      title,
      '<p class="soft">Not measured: <code>mnist evaluate</code> does it with <code>--robustness</code>.</p>',
    );
  }
  const bars = found.map(({ corruption, strength, unit, accuracy: value }) => ({
    name: `${corruption} ${strength}${unit === '°' ? '°' : unit === 'pixels' ? ' px' : ''}`,
    value,
  }));
  const worst = bars.reduce((least, bar) => (bar.value < least.value ? bar : least));
  const chart = barPlot(bars, accuracy, 'accuracy', {
    title: 'Accuracy on images made worse',
    description: `Of ${percent(accuracy)}, ${percent(worst.value)} are left with ${worst.name}.`,
  });
  const rows = bars.map(({ name, value }) => [
    name,
    percent(value),
    `${(100 * (value - accuracy)).toFixed(2)} points`,
  ]);
  return section(
    'robustness',
    title,
    `${chart}<p class="soft">The upright line is the accuracy on the images as they are. Noise is a share of the pixels’ range.</p>${details('The numbers', ['Images with', 'Accuracy', 'Change'], rows)}`,
  );
}
