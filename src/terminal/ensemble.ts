import type { EnsembleEvaluation } from '../stages/evaluate-ensemble.js';
import { measuredText } from './evaluation.js';
import { count, duration, loss, percent } from './format.js';
import type { Style } from './style.js';
import { table } from './table.js';

/** How an ensemble does, for people: each member, all of them together, and what is taken for what. */
export function ensembleText(evaluation: EnsembleEvaluation, style: Style): string {
  const { members, dataset, split, n, accuracy, seconds, backend, device, report } = evaluation;
  const rows = members.map((member) => [
    member.run,
    member.model,
    percent(member.accuracy),
    loss(member.loss),
  ]);
  const together = [style.bold('ensemble'), '', style.bold(percent(accuracy)), loss(evaluation.loss)];
  return [
    `${members.length} checkpoints and the mean of their probabilities on the ${split} images of ${dataset} (${count(n)})`,
    table(['member', 'model', 'accuracy', 'loss'], [...rows, together]),
    '',
    ...measuredText(evaluation, style),
    `${duration(seconds)} on ${backend}, ${device}${report === null ? '' : `; report in ${report}`}`,
  ].join('\n');
}
