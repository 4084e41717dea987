import type { Judgement } from '../calibration.js';

/** Coverage and accuracy when only predictions with enough confidence are accepted. */
export interface CoveragePoint {
  threshold: number;
  /** The share of accepted examples. */
  coverage: number;
  /** The accuracy of accepted examples; 1 without any. */
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
 * The coverage–accuracy curve, from full coverage to little.
 *
 * @param coverages target coverages; each point has the smallest coverage of any threshold that is not below its target
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
 * The lowest threshold at which the accepted examples reach an accuracy, which sends the fewest images to a person. 0 if no threshold
 * is needed; undefined if none suffices.
 */
export function thresholdForAccuracy(judgements: readonly Judgement[], accuracy: number): number | undefined {
  const ranked = byConfidence(judgements);
  let correct = 0;
  let found: number | undefined;
  ranked.forEach((judgement, index) => {
    correct += Number(judgement.correct);
    // A threshold accepts all examples of equal confidence, or none.
    if (judgement.confidence === ranked[index + 1]?.confidence) return;
    if (correct >= accuracy * (index + 1)) found = index === ranked.length - 1 ? 0 : judgement.confidence;
  });
  return ranked.length === 0 ? 0 : found;
}

function byConfidence(judgements: readonly Judgement[]): Judgement[] {
  return [...judgements].sort((a, b) => b.confidence - a.confidence);
}
