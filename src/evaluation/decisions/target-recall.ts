import { rowsOf, type ScoredExamples } from '../probabilities.js';
import { decide, type DecisionPolicy } from './decide.js';

/** The recall that each of some classes is to reach, by the class's number. */
export type TargetRecalls = ReadonlyMap<number, number>;

/** What came of looking for costs: the matrix, or the class whose target cannot be reached. */
export type CostsForRecall = { costs: number[][]; unreachable: null } | { costs: null; unreachable: number };

/** So many times are costs raised for one class after the other, where each takes from the recall of the others. */
const MAX_ROUNDS = 200;
/** Costs are raised a little beyond what is just enough, against rounding. */
const MARGIN = 1 + 1e-6;
/** The largest factor of a class's costs: beyond it, the probability of the class is no evidence any more. */
const MAX_FACTOR = 1e9;

/**
 * The costs with which decisions reach target recalls on some examples: those of a policy (1 for each error, if it has none), of which
 * the rows of these classes, what missing them costs, are multiplied by the smallest factors from 1 on that suffice. With one class and
 * equal costs, that is a threshold on its probability. The policy must not abstain.
 */
export function costsForRecall(
  scored: ScoredExamples,
  policy: DecisionPolicy,
  targets: TargetRecalls,
): CostsForRecall {
  const rows = rowsOf(scored);
  const wanted = [...targets].map(([label, target]) => ({
    ...{ label, target },
    own: rows.filter((_, index) => scored.labels[index] === label),
  }));
  const base = policy.costs ?? unitCosts(policy.classNames.length);
  const factors = base.map(() => 1);
  const costs = (): number[][] => base.map((row, label) => row.map((cost) => cost * factors[label]!));
  let unmet: number | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    unmet = undefined;
    for (const { label, target, own } of wanted) {
      if (recallOf(own, label, { ...policy, costs: costs() }) >= target) continue;
      unmet = label;
      const needed = own.map((row) => neededFactor(row, label, base, factors)).sort((a, b) => a - b);
      const factor = needed[imagesToFind(target, own.length) - 1]! * MARGIN;
      if (!(factor <= MAX_FACTOR)) return { costs: null, unreachable: label };
      factors[label] = Math.max(factor, factors[label]! * MARGIN);
    }
    if (unmet === undefined) return { costs: costs(), unreachable: null };
  }
  return { costs: null, unreachable: unmet! };
}

/** How many of some images a recall asks for, whatever rounding makes of the product. */
export function imagesToFind(recall: number, images: number): number {
  return Math.ceil(recall * images - 1e-9);
}

/** The cost matrix in which each error costs 1. */
export function unitCosts(classes: number): number[][] {
  return Array.from({ length: classes }, (_, label) =>
    Array.from({ length: classes }, (_unused, other) => Number(other !== label)),
  );
}

/** The share of examples of a class that are decided to be of it; 1 without any. */
function recallOf(own: readonly Float64Array[], label: number, policy: DecisionPolicy): number {
  const found = own.filter((row) => decide(row, policy).class === label).length;
  return own.length === 0 ? 1 : found / own.length;
}

/**
 * The factor of a class's costs from which on an example is decided to be of it. Deciding for class j is expected to cost a_j + factor ·
 * b_j, where b_j is the share of the class's own row.
 */
function neededFactor(
  row: Float64Array,
  label: number,
  base: readonly (readonly number[])[],
  factors: readonly number[],
): number {
  const others = (decided: number): number =>
    base.reduce(
      (sum, costs, truth) => (truth === label ? sum : sum + row[truth]! * factors[truth]! * costs[decided]!),
      0,
    );
  const own = (decided: number): number => row[label]! * base[label]![decided]!;
  const limits = base.map((_, decided) => {
    if (decided === label) return 0;
    const [dearer, gain] = [others(label) - others(decided), own(decided) - own(label)];
    if (gain > 0) return dearer / gain;
    return dearer < 0 ? 0 : Infinity;
  });
  return Math.max(...limits);
}
