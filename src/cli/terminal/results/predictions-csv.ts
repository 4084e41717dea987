import type { Predictions } from '../../../stages/predict/predict.js';

/**
 * Predictions as a CSV table (RFC 4180): a header, and a row for each picture in the order given, with its failure where it could not be
 * classified.
 *
 * @param order the names of all pictures
 * @param top how many of the likeliest classes have columns
 */
export function predictionsCsv(
  { predictions, failures }: Pick<Predictions, 'predictions' | 'failures'>,
  order: readonly string[],
  top: number,
): string {
  const ranks = Array.from({ length: Math.min(top, widest(predictions)) }, (_, index) => index);
  const head = ['image', 'class', 'probability', 'abstained', 'error'];
  const rows = [[...head, ...ranks.flatMap((rank) => [`top_${rank + 1}`, `top_${rank + 1}_probability`])]];
  // Both are in the order given, each without what is in the other.
  const [classified, failed] = [[...predictions], [...failures]];
  for (const name of order) {
    if (failed[0]?.picture === name) {
      const { error } = failed.shift()!;
      rows.push([text(name), '', '', '', text(error.message), ...ranks.flatMap(() => ['', ''])]);
      continue;
    }
    const prediction = classified.shift();
    if (!prediction) continue;
    const { class: decided, probability, abstained, top: likeliest } = prediction;
    rows.push([
      ...[text(name), text(decided ?? ''), String(probability), String(abstained), ''],
      ...ranks.flatMap((rank) => [
        text(likeliest[rank]?.class ?? ''),
        String(likeliest[rank]?.probability ?? ''),
      ]),
    ]);
  }
  // Whoever prints this ends the last line.
  return rows.map((row) => `${row.join(',')}\r`).join('\n');
}

function widest(predictions: Predictions['predictions']): number {
  return Math.max(0, ...predictions.map(({ top }) => top.length));
}

/** What a spreadsheet would compute rather than show: it may run programs or fetch addresses. A number or a lone sign is harmless. */
const FORMULA = /^[=@\t\r\n＝＋－＠]|^[+-](?!\d*\.?\d*$)/;

/** A text as a cell: quoted where it must be, and never a formula, which an apostrophe before it prevents. */
function text(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
