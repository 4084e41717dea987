/** Tableau's ten colours, which stay apart from each other; more classes take hues in a circle. */
const COLORS = [
  ...['#4e79a7', '#f28e2b', '#e15759', '#76b7b2', '#59a14f'],
  ...['#edc948', '#b07aa1', '#ff9da7', '#9c755f', '#6b7280'],
];

/** So many classes have colours that are told apart at a glance. */
export const DISTINCT_CLASSES = COLORS.length;

/** The colour of a class, of so many. */
export function colorOfClass(label: number, classes: number): string {
  if (classes <= COLORS.length) return COLORS[label]!;
  return `hsl(${Math.round((360 * label) / classes)},65%,${label % 2 === 0 ? 45 : 62}%)`;
}
