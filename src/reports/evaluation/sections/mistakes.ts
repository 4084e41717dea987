import { percent } from '../../../core/format.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { section } from '../../drawing/page-parts.js';
import type { ReportContent } from '../content.js';

/** The most confident mistakes, as pictures. */
export function mistakes({ mistakes: found }: ReportContent): string {
  if (found.length === 0)
    return section('mistakes', 'Mistakes', '<p class="soft">None are shown.</p>', 'wide');
  const items = found.map(
    ({ index, label, predicted, probability, labelProbability, picture, explanation }) => {
      const words = `Image ${index}, which shows ${label}`;
      return `<li><figure><div class="pair"><img src="${picture}" alt="${text(words)}"><img src="${explanation}" alt="${text(`What in it speaks for ${predicted}`)}"></div><figcaption><strong>${text(label)}</strong> taken for <strong>${text(predicted)}</strong> <span>${text(predicted)}: ${percent(probability)}</span><span>${text(label)}: ${percent(labelProbability)}</span><span>image ${index}</span></figcaption></figure></li>`;
    },
  );
  return section(
    'mistakes',
    'The most confident mistakes',
    `<p class="soft">Beside each image, by integrated gradients, what speaks against and for the class that it was taken for: against <span class="ramp" role="img" aria-label="from blue to red"></span> for. The ink lies over it as shade.</p><ul class="mistakes">${items.join('')}</ul>`,
    'wide',
  );
}
