import { describeImages } from '../../evaluation/evaluation.js';
import { page } from '../drawing/page-parts.js';
import type { ReportContent } from './content.js';
import { reportStyle } from './report-style.js';
import { calibration } from './sections/calibration.js';
import { comparison } from './sections/comparison.js';
import { confusion, decisions } from './sections/confusion.js';
import { precisionRecall, roc } from './sections/curves.js';
import { mistakes } from './sections/mistakes.js';
import { headline, headlineTiles, memberTable, perClass } from './sections/numbers.js';
import { provenance } from './sections/provenance.js';
import { robustness } from './sections/robustness.js';
import { training } from './sections/training.js';

/** A report on a checkpoint or an ensemble: one HTML page that needs no other file and no network, and allows none. */
export function reportPage(content: ReportContent): string {
  const { evaluation, descriptions, toolkit } = content;
  const { run, dataset, model, members } = evaluation.subject;
  const heading = members === null ? run : `Ensemble of ${members.length}`;
  const made = members === null ? `${model} ${descriptions[0]!.model.description}` : run;
  return page({
    title: `Report: ${heading} on ${dataset}`,
    heading,
    origin: `${made}, on ${describeImages(evaluation)}`,
    header: headlineTiles(evaluation.metrics),
    sections: [
      headline(evaluation),
      memberTable(evaluation),
      perClass(evaluation.metrics),
      training(descriptions),
      confusion(content),
      decisions(evaluation),
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
