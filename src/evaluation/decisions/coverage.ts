import type { Judgement } from '../calibration.js';

/** What comes of deciding only where the confidence reaches a threshold. */
export interface CoveragePoint {
  threshold: number;
  /** The share of the examples that are decided. */
  coverage: number;
  /** Of those, the share that is right; 1 where none is decided. */
  accuracy: number;
}

/** The coverage and accuracy at one threshold. */
export function coverageAt(judgements: readonly Judgement[], threshold: number): CoveragePoint {
  const decided = judgements.filter(({ confidence }) => confidence >= threshold);
  const correct = decided.filter((judgement) => judgement.correct).length;
  return {
    threshold,
    coverage: decided.length / Math.max(1, judgements.length),
    accuracy: decided.length === 0 ? 1 : correct / decided.length,
  };
}

/**
 * The coverage–accuracy curve: what one gains in accuracy for what one leaves to people, from all examples decided to few.
 *
 * @param coverages the shares to aim at; each point has the nearest coverage above that a threshold can give
 */
export function coverageCurve(
  judgements: readonly Judgement[],
  coverages: readonly number[],
): CoveragePoint[] {
  const ranked = byConfidence(judgements);
  if (ranked.length === 0) return [];
  return coverages.map((coverage) => {
    const last = Math.min(ranked.length, Math.max(1, Math.ceil(coverage * ranked.length))) - 1;
    return coverageAt(ranked, last === ranked.length - 1 ? 0 : ranked[last]!.confidence);
  });
}

/**
 * The lowest threshold above which the decided examples are right often enough: the one that leaves the fewest to people. 0
 * where no threshold is needed; undefined where none suffices.
 */
export function thresholdForAccuracy(judgements: readonly Judgement[], accuracy: number): number | undefined {
  const ranked = byConfidence(judgements);
  let correct = 0;
  let found: number | undefined;
  ranked.forEach((judgement, index) => {
    correct += Number(judgement.correct);
    // Examples of one confidence are decided together, or not at all.
    if (judgement.confidence === ranked[index + 1]?.confidence) return;
    if (correct >= accuracy * (index + 1)) found = index === ranked.length - 1 ? 0 : judgement.confidence;
  });
  return ranked.length === 0 ? 0 : found;
}

function byConfidence(judgements: readonly Judgement[]): Judgement[] {
  return [...judgements].sort((a, b) => b.confidence - a.confidence);
}
