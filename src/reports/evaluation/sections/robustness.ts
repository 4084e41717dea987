import { percent } from '../../../core/format.js';
import { details, section } from '../../drawing/page-parts.js';
import { barChart } from '../../charts/bar-charts.js';
import type { Evaluation } from '../../../evaluation/evaluation.js';

/** Robustness: the accuracy under noise, rotation, shift and blur, where it was measured. */
export function robustness({ extras, metrics: { accuracy } }: Evaluation): string {
  const { robustness: found } = extras;
  const title = 'Robustness';
  if (found === null) {
    return section('robustness', title, '<p class="soft">Not run. Add <code>--robustness</code>.</p>');
  }
  const bars = found.map(({ corruption, strength, unit, accuracy: value }) => ({
    name: `${corruption} ${strength}${unit === '°' ? '°' : unit === 'pixels' ? ' px' : ''}`,
    value,
    read: [percent(value), `${(100 * (value - accuracy)).toFixed(2)} points`],
  }));
  const worst = bars.reduce((least, bar) => (bar.value < least.value ? bar : least));
  const chart = barChart(
    bars,
    { reference: accuracy, label: 'accuracy', columns: ['accuracy', 'change'] },
    {
      title: 'Accuracy on corrupted images',
      description: `${percent(accuracy)} on the original images; lowest with ${worst.name}: ${percent(worst.value)}.`,
    },
  );
  const rows = bars.map(({ name, read }) => [name, ...read]);
  return section(
    'robustness',
    title,
    `${chart}<p class="soft">Accuracy on corrupted images. Vertical line: accuracy on the original images. Noise: standard deviation as a share of the pixel range.</p>${details('Show the numbers', ['Corruption', 'Accuracy', 'Change'], rows)}`,
  );
}
