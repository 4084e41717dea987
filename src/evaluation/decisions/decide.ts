/** How probabilities become decisions. */
export interface DecisionPolicy {
  classNames: readonly string[];
  /** The minimum probability of each class; 0 to 1. */
  thresholds: readonly number[];
  /** The cost matrix: rows = actual class, columns = predicted class; null where all errors count the same. */
  costs: readonly (readonly number[])[] | null;
  /** The cost of sending an image to a person: a decision with a higher expected cost is not taken; null for no limit. */
  abstentionCost: number | null;
}

/** Why an image is sent to a person: a code for programs, and a line for people. */
export interface AbstentionReason {
  code: 'below-threshold' | 'too-costly';
  message: string;
}

/** A class, or the reason to abstain. */
export type Decision =
  | { abstained: false; class: number; probability: number; expectedCost: number; reason: null }
  | {
      abstained: true;
      class: null;
      /** The class with the lowest expected cost. */
      candidate: number;
      probability: number;
      expectedCost: number;
      reason: AbstentionReason;
    };

/**
 * Decides for the class with the lowest expected cost (the most probable one if all errors count the same), or abstains. Takes the
 * first one for ties.
 *
 * @param probabilities the probability of each class; calibrated, if costs or thresholds are used
 */
export function decide(probabilities: ArrayLike<number>, policy: DecisionPolicy): Decision {
  const costs = policy.classNames.map((_, candidate) => expectedCost(probabilities, policy, candidate));
  // With NaN there is no best class: the first one is used, and reaches no threshold.
  const best = Math.max(0, costs.indexOf(Math.min(...costs)));
  const verdict = { probability: probabilities[best]!, expectedCost: costs[best]! };
  const reason = objection(best, verdict, policy);
  return reason === undefined
    ? { abstained: false, class: best, ...verdict, reason: null }
    : { abstained: true, class: null, candidate: best, ...verdict, reason };
}

/** The policy that always decides for the most probable class. */
export function plainPolicy(classNames: readonly string[]): DecisionPolicy {
  return { classNames, thresholds: classNames.map(() => 0), costs: null, abstentionCost: null };
}

/** The expected cost of deciding for a class; if all errors count the same, the probability of an error. */
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
  // Negated, so that NaN does not reach the threshold.
  if (!(probability >= threshold)) {
    const message = `“${name}” has probability ${share(probability)}; its threshold is ${share(threshold)}`;
    return { code: 'below-threshold', message };
  }
  if (abstentionCost !== null && !(cost <= abstentionCost)) {
    const message = `“${name}” has expected cost ${round(cost)}; sending it to a person costs ${round(abstentionCost)}`;
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
