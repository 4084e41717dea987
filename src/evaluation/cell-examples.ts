import { predictionsOf, rowsOf, type ScoredExamples } from './probabilities.js';

/** An example of a cell of the confusion matrix. */
export interface CellExample {
  /** The index of the example. */
  row: number;
  /** The probability of the predicted class. */
  probability: number;
}

/** A cell of the confusion matrix that has examples. */
export interface ExampleCell {
  label: number;
  predicted: number;
  /** How many examples it has in all. */
  count: number;
  /** Some of them: mistakes with the most confident one first, right predictions with the least confident one first. */
  examples: CellExample[];
}

/** The cells of the confusion matrix with at most so many examples each: mistakes first, of them the most frequent. */
export function cellExamples(scored: ScoredExamples, limit: number): ExampleCell[] {
  const { labels, classes } = scored;
  const predictions = predictionsOf(scored);
  const rows = rowsOf(scored);
  const cells = new Map<number, ExampleCell>();
  labels.forEach((label, row) => {
    const predicted = predictions[row]!;
    const place = label * classes + predicted;
    const cell = cells.get(place) ?? { label, predicted, count: 0, examples: [] };
    cell.examples.push({ row, probability: rows[row]![predicted]! });
    cells.set(place, cell);
  });
  const isRight = ({ label, predicted }: ExampleCell): boolean => label === predicted;
  return [...cells.values()]
    .map((cell): ExampleCell => {
      const direction = isRight(cell) ? 1 : -1;
      const sorted = cell.examples.sort(
        (a, b) => direction * (a.probability - b.probability) || a.row - b.row,
      );
      return { ...cell, count: sorted.length, examples: sorted.slice(0, limit) };
    })
    .sort(
      (a, b) =>
        Number(isRight(a)) - Number(isRight(b)) ||
        b.count - a.count ||
        a.label - b.label ||
        a.predicted - b.predicted,
    );
}
