import type { Explanation, Explanations } from '../../../stages/explain/explain.js';
import { percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** What was explained, for people: a line each. */
export function explanationsText(
  { explanations, method }: Pick<Explanations, 'explanations' | 'method'>,
  { bold, dim }: Style,
): string {
  if (explanations.length === 0) return dim('no picture was explained');
  const rows = explanations.map(({ picture, predicted, probability, output, ...rest }) => [
    picture,
    predicted,
    `${bold(rest.class)} ${percent(probability)}`,
    output,
  ]);
  return [
    `${method}: red speaks for the class, blue against it`,
    table(['picture', 'taken for', 'asked about', 'explanation'], rows),
    ...explanations.flatMap(completenessLine),
  ].join('\n');
}

function completenessLine({ picture, completeness }: Explanation): string[] {
  if (completeness === null || completeness === undefined) return [];
  const { sum, difference, steps } = completeness;
  return [
    `${picture}: adds up to ${sum.toFixed(4)} of the ${difference.toFixed(4)} that the logit gains from black on, in ${steps} steps`,
  ];
}
