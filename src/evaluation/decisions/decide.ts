/** How probabilities become decisions. */
export interface DecisionPolicy {
  classNames: readonly string[];
  /** By class: the probability that it must have to be decided for; 0 to 1. */
  thresholds: readonly number[];
  /** What it costs to decide for a class (column) where another is true (row); null where all errors count the same. */
  costs: readonly (readonly number[])[] | null;
  /** What it costs to ask a person: a decision that is expected to cost more is not taken; null where nobody counts. */
  abstentionCost: number | null;
}

/** Why a person is asked: a code for programs, and a line for people. */
export interface AbstentionReason {
  code: 'below-threshold' | 'too-costly';
  message: string;
}

/** A class, or the reason why there is none. */
export type Decision =
  | { abstained: false; class: number; probability: number; expectedCost: number; reason: null }
  | {
      abstained: true;
      class: null;
      /** The class that it would have been. */
      candidate: number;
      probability: number;
      expectedCost: number;
      reason: AbstentionReason;
    };

/**
 * Decides for the class with the lowest expected cost (where all errors count the same, the likeliest), or leaves it to a
 * person. Among equals the first is taken.
 *
 * @param probabilities of each class, calibrated if they are to mean what they say
 */
export function decide(probabilities: ArrayLike<number>, policy: DecisionPolicy): Decision {
  const costs = policy.classNames.map((_, candidate) => expectedCost(probabilities, policy, candidate));
  // A model that computed NaN has no best class: the first stands for it, and reaches no threshold.
  const best = Math.max(0, costs.indexOf(Math.min(...costs)));
  const verdict = { probability: probabilities[best]!, expectedCost: costs[best]! };
  const reason = objection(best, verdict, policy);
  return reason === undefined
    ? { abstained: false, class: best, ...verdict, reason: null }
    : { abstained: true, class: null, candidate: best, ...verdict, reason };
}

/** The policy that always decides for the likeliest class. */
export function plainPolicy(classNames: readonly string[]): DecisionPolicy {
  return { classNames, thresholds: classNames.map(() => 0), costs: null, abstentionCost: null };
}

/** What deciding for a class costs in the mean; where all errors count the same, the probability that it is wrong. */
function expectedCost(
  probabilities: ArrayLike<number>,
  { costs }: DecisionPolicy,
  candidate: number,
): number {
  if (costs === null) return 1 - probabilities[candidate]!;
  return costs.reduce((sum, row, truth) => sum + probabilities[truth]! * row[candidate]!, 0);
}

function objection(
  candidate: number,
  { probability, expectedCost: cost }: { probability: number; expectedCost: number },
  { classNames, thresholds, abstentionCost }: DecisionPolicy,
): AbstentionReason | undefined {
  const name = classNames[candidate]!;
  const threshold = thresholds[candidate]!;
  // Not "below": a model that computed NaN has not reached anything.
  if (!(probability >= threshold)) {
    const message = `“${name}” has the probability ${share(probability)}, and ${share(threshold)} is asked for`;
    return { code: 'below-threshold', message };
  }
  if (abstentionCost !== null && !(cost <= abstentionCost)) {
    const message = `deciding for “${name}” is expected to cost ${round(cost)}, and asking a person costs ${round(abstentionCost)}`;
    return { code: 'too-costly', message };
  }
  return undefined;
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
