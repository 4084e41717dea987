import { allClasses, averagePrecision, oneVersusRest, rocArea } from './curves.js';
import type { ScoredExamples } from './probabilities.js';

/** Averages of an area over the classes; null if no class has one. */
export interface AreaAverages {
  /** The mean over the classes. */
  macro: number | null;
  /** The area for the pooled scores of all classes. */
  micro: number | null;
  /** The mean over the classes, weighted by support. */
  weighted: number | null;
}

/** The one-vs-rest areas of a class. */
export interface ClassAreas {
  rocAuc: number | null;
  averagePrecision: number | null;
}

/** One-vs-rest areas of each class, and their averages. Averages exclude classes without examples. */
export function areasOf(scored: ScoredExamples): {
  perClass: ClassAreas[];
  rocAuc: AreaAverages;
  averagePrecision: AreaAverages;
} {
  const detectors = Array.from({ length: scored.classes }, (_, label) => oneVersusRest(scored, label));
  const perClass = detectors.map((scores) => ({
    rocAuc: rocArea(scores),
    averagePrecision: averagePrecision(scores),
  }));
  const together = allClasses(scored);
  const averages = (key: keyof ClassAreas, micro: number | null): AreaAverages => {
    const known = perClass.flatMap(({ [key]: value }, label) =>
      value === null ? [] : [{ value, examples: detectors[label]!.positives.length }],
    );
    return {
      macro: weightedMean(known.map(({ value }) => [value, 1])),
      micro,
      weighted: weightedMean(known.map(({ value, examples }) => [value, examples])),
    };
  };
  return {
    perClass,
    rocAuc: averages('rocAuc', rocArea(together)),
    averagePrecision: averages('averagePrecision', averagePrecision(together)),
  };
}

function weightedMean(entries: readonly (readonly [value: number, weight: number])[]): number | null {
  const weights = entries.reduce((sum, [, weight]) => sum + weight, 0);
  if (weights === 0) return null;
  return entries.reduce((sum, [value, weight]) => sum + value * weight, 0) / weights;
}
