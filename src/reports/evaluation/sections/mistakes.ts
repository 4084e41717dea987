import { percent } from '../../../core/format.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { section } from '../../drawing/page-parts.js';
import type { ReportContent } from '../content.js';

/** The most confident mistakes, with an attribution map of each. */
export function mistakes({ mistakes: found }: ReportContent): string {
  if (found.length === 0) return section('mistakes', 'Mistakes', '<p class="soft">None.</p>', 'wide');
  const items = found.map(
    ({ index, label, predicted, probability, labelProbability, picture, explanation }) => {
      const words = `Image ${index}, actual class ${label}`;
      return `<li><figure><div class="pair"><img src="${picture}" alt="${text(words)}"><img src="${explanation}" alt="${text(`Attribution map for ${predicted}`)}"></div><figcaption><strong>${text(label)}</strong> predicted as <strong>${text(predicted)}</strong> <span>${text(predicted)}: ${percent(probability)}</span><span>${text(label)}: ${percent(labelProbability)}</span><span>image ${index}</span></figcaption></figure></li>`;
    },
  );
  return section(
    'mistakes',
    'Most confident mistakes',
    `<p class="soft">Beside each image, its attribution map (integrated gradients): red pixels support the predicted class, blue ones contradict it. The image is overlaid in grey.</p><ul class="mistakes">${items.join('')}</ul>`,
    'wide',
  );
}
