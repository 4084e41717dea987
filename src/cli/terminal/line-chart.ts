import type { Style } from './style.js';

/** A curve with one value per epoch. */
export interface ChartedCurve {
  name: string;
  values: readonly number[];
}

/** What is written below a chart. */
export interface ChartedAxis {
  /** What the values are given for, from where to where. */
  name: string;
  first: string;
  last: string;
  /** A place on the axis, from 0 to 1, and what is there. */
  mark?: { at: number; text: string } | undefined;
}

const WIDTH = 64;
const HEIGHT = 14;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Curves drawn with letters, to be distinguishable without colours; where curves overlap, the first is visible.
 *
 * @param below without it, the numbers of the epochs
 */
export function lineChart(
  curves: readonly ChartedCurve[],
  format: (value: number) => string,
  style: Style,
  below?: ChartedAxis,
): string {
  const { dim } = style;
  const values = curves.flatMap((curve) => curve.values);
  const longest = Math.max(...curves.map((curve) => curve.values.length));
  if (values.length === 0) return dim('no finished epoch');
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const colors = [style.cyan, style.yellow, style.green, style.magenta, style.blue, style.red];
  const paint = (index: number, text: string): string => colors[index % colors.length]!(text);
  const letter = (index: number): string => LETTERS[index % LETTERS.length]!;

  const cells = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '));
  // In reverse, so that the first curve is drawn on top.
  for (const [index, curve] of [...curves.entries()].reverse()) {
    if (curve.values.length === 0) continue;
    const columns =
      longest === 1 ? 1 : Math.round(((curve.values.length - 1) / (longest - 1)) * (WIDTH - 1)) + 1;
    for (let column = 0; column < columns; column++) {
      const value = interpolate(curve.values, longest === 1 ? 0 : (column / (WIDTH - 1)) * (longest - 1));
      const share = high === low ? 0.5 : (value - low) / (high - low);
      cells[Math.round((1 - share) * (HEIGHT - 1))]![column] = paint(index, letter(index));
    }
  }
  const labels = cells.map((_, row) =>
    row % 4 === 0 || row === HEIGHT - 1 ? format(high - ((high - low) * row) / (HEIGHT - 1)) : '',
  );
  const margin = Math.max(...labels.map((label) => label.length));
  const lines = cells.map(
    (row, index) => `${labels[index]!.padStart(margin)} ${dim('│')}${row.join('').trimEnd()}`,
  );
  const { name, first, last, mark } = below ?? { name: 'epoch', first: '1', last: String(longest) };
  const axis = `${' '.repeat(margin + 1)}${dim(`└${'─'.repeat(WIDTH)}`)}`;
  const middle = name
    .padStart(WIDTH / 2)
    .padEnd(WIDTH - last.length)
    .slice(first.length);
  const scale = `${' '.repeat(margin + 2)}${first}${last === first ? '' : `${middle}${last}`}`;
  const marks = mark ? [`${' '.repeat(margin + 2 + Math.round(mark.at * (WIDTH - 1)))}▲ ${mark.text}`] : [];
  const legend = curves.map(({ name }, index) => `${paint(index, letter(index))} ${name}`).join('  ');
  return [...lines, axis, scale, ...marks, legend].join('\n');
}

function interpolate(values: readonly number[], position: number): number {
  const before = Math.min(Math.floor(position), values.length - 1);
  const after = Math.min(before + 1, values.length - 1);
  return values[before]! + (values[after]! - values[before]!) * (position - before);
}
