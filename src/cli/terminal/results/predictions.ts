import type { Prediction, Predictions } from '../../../stages/predict/predict.js';
import { cleanDeep } from '../clean.js';
import { percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** From nothing to full, in five steps; each pixel is two characters wide, so that it is about as wide as it is high. */
const SHADES = ['  ', '░░', '▒▒', '▓▓', '██'] as const;

/** Predictions for people: a line for each image, and a drawing of what the model saw where it was asked for. */
export function predictionsText(given: Pick<Predictions, 'predictions'>, style: Style): string {
  const { predictions } = cleanDeep(given);
  if (predictions.length === 0) return style.dim('no image was classified');
  if (predictions.every(({ seen }) => seen === undefined)) return predictionsTable(predictions, style);
  return predictions
    .map((prediction) =>
      [predictionsTable([prediction], style), drawing(prediction.seen ?? [], style)].join('\n'),
    )
    .join('\n\n');
}

function predictionsTable(predictions: readonly Prediction[], style: Style): string {
  const rows = predictions.map(({ picture, class: name, probability, top }) => [
    picture,
    name === null ? style.yellow('?') : style.bold(name),
    percent(probability),
    style.dim(
      top
        .filter((other) => other.class !== name)
        .map((other) => `${other.class} ${percent(other.probability)}`)
        .join(', '),
    ),
  ]);
  const reasons = predictions.flatMap(({ picture, reason }) =>
    reason ? [`${style.yellow('ask a person:')} ${picture}: ${reason.message}`] : [],
  );
  const strange = predictions.flatMap(({ picture, unlike }) =>
    unlike ? [`${style.yellow('unlike the training images:')} ${picture}: do not rely on the class`] : [],
  );
  const heads = ['image', 'class', 'probability', 'other classes'];
  return [table(heads, rows), ...reasons, ...strange].join('\n');
}

/** An image in a frame, drawn with characters. */
export function drawing(rows: readonly (readonly number[])[], { dim }: Style): string {
  const width = 2 * (rows[0]?.length ?? 0);
  const line = (left: string, right: string): string => dim(`${left}${'─'.repeat(width)}${right}`);
  const shade = (value: number): string => SHADES[Math.round((value / 255) * (SHADES.length - 1))]!;
  const drawn = rows.map((row) => `${dim('│')}${row.map(shade).join('')}${dim('│')}`);
  return [line('┌', '┐'), ...drawn, line('└', '┘')].join('\n');
}
