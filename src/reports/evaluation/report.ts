import { count } from '../../core/format.js';
import { page } from '../drawing/page-parts.js';
import type { ReportContent } from './content.js';
import { reportStyle } from './report-style.js';
import { calibration } from './sections/calibration.js';
import { comparison } from './sections/comparison.js';
import { confusion } from './sections/confusion.js';
import { precisionRecall, roc } from './sections/curves.js';
import { mistakes } from './sections/mistakes.js';
import { headline, headlineTiles, memberTable, perClass } from './sections/numbers.js';
import { provenance } from './sections/provenance.js';
import { robustness } from './sections/robustness.js';
import { training } from './sections/training.js';

/** A report on a checkpoint or an ensemble: one HTML page that needs no other file and no network, and allows none. */
export function reportPage(content: ReportContent): string {
  const { evaluation, descriptions, toolkit } = content;
  const { run, dataset, split, n, model, members, views } = evaluation;
  const heading = members === null ? run : `Ensemble of ${members.length}`;
  const made = members === null ? `${model} ${descriptions[0]!.model.description}` : run;
  const inViews = views === 1 ? '' : `, each in ${views} views`;
  return page({
    title: `Report: ${heading} on ${dataset}`,
    heading,
    origin: `${made}, on the ${split} images of ${dataset} (${count(n)})${inViews}`,
    header: headlineTiles(evaluation),
    sections: [
      headline(evaluation),
      memberTable(evaluation),
      perClass(evaluation),
      training(descriptions),
      confusion(evaluation),
      roc(content),
      precisionRecall(content),
      calibration(evaluation),
      robustness(evaluation),
      mistakes(content),
      comparison(evaluation),
      provenance(content),
    ],
    style: reportStyle,
    toolkit,
  });
}
