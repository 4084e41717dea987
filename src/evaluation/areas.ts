import { allClasses, averagePrecision, oneVersusRest, rocArea } from './curves.js';
import type { ScoredExamples } from './probabilities.js';

/** An area over all classes; null where no class has one. */
export interface AreaAverages {
  /** The mean over the classes. */
  macro: number | null;
  /** Of all classes' scores together. */
  micro: number | null;
  /** The mean over the classes, each counting by its examples. */
  weighted: number | null;
}

/** The areas under the curves of one class against the rest. */
export interface ClassAreas {
  rocAuc: number | null;
  averagePrecision: number | null;
}

/** Areas under the curves of each class against the rest, and over all. Classes without examples are left out of means. */
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
