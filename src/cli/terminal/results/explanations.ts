import type { Explanation, Explanations } from '../../../stages/explain/explain.js';
import { cleanDeep } from '../clean.js';
import { percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** What was explained, for people: a line each. */
export function explanationsText(
  given: Pick<Explanations, 'explanations' | 'method'>,
  { bold, dim }: Style,
  verbose: boolean,
): string {
  const { explanations, method } = cleanDeep(given);
  if (explanations.length === 0) return dim('no image was explained');
  const rows = explanations.map(({ picture, predicted, probability, output, ...rest }) => [
    picture,
    predicted,
    `${bold(rest.class)} ${percent(probability)}`,
    output,
  ]);
  return [
    `${method}: red supports the class, blue contradicts it`,
    table(['image', 'predicted', 'explained class', 'explanation'], rows),
    ...(verbose ? explanations.flatMap(completenessLine) : []),
  ].join('\n');
}

function completenessLine({ picture, completeness }: Explanation): string[] {
  if (completeness === null || completeness === undefined) return [];
  const { sum, difference, steps } = completeness;
  return [
    `${picture}: attribution check: sum ${sum.toFixed(3)}, expected ${difference.toFixed(3)} (${steps} steps)`,
  ];
}
