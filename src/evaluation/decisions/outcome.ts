import type { DecisionOutcome } from '../../artifacts/decision.js';
import { sum } from '../confusion.js';
import { rowsOf, type ScoredExamples } from '../probabilities.js';
import { wilsonInterval } from '../wilson.js';
import { decide, type DecisionPolicy } from './decide.js';

/** What decisions cost: errors by the cost matrix, or 1 each; images that are sent to a person, or nothing. */
export type Prices = Pick<DecisionPolicy, 'costs' | 'abstentionCost'>;

/**
 * What a policy decides about some examples, and what that costs: by the prices, which may differ from those that the policy decides by.
 */
export function decisionOutcome(
  scored: ScoredExamples,
  policy: DecisionPolicy,
  { costs, abstentionCost }: Prices,
): DecisionOutcome {
  const { labels, classes } = scored;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const abstained = new Array<number>(classes).fill(0);
  let cost = 0;
  rowsOf(scored).forEach((row, index) => {
    const label = labels[index]!;
    const decision = decide(row, policy);
    if (decision.abstained) {
      abstained[label]! += 1;
      cost += abstentionCost ?? 0;
    } else {
      confusion[label]![decision.class]! += 1;
      cost += costs === null ? Number(decision.class !== label) : costs[label]![decision.class]!;
    }
  });
  return {
    expectedCost: cost / Math.max(1, labels.length),
    confusion,
    abstained,
    perClass: policy.classNames.map((name, label) => {
      const found = confusion[label]![label]!;
      const support = sum(confusion[label]!) + abstained[label]!;
      const decided = sum(confusion.map((row) => row[label]!));
      return {
        ...{ name, support },
        recall: support === 0 ? null : found / support,
        recallInterval: support === 0 ? null : wilsonInterval(found, support),
        precision: decided === 0 ? null : found / decided,
        precisionInterval: decided === 0 ? null : wilsonInterval(found, decided),
      };
    }),
  };
}

/** The share of images that are decided about, and the accuracy of these decisions; 1 without any. */
export function coverageOf({ confusion, abstained }: Pick<DecisionOutcome, 'confusion' | 'abstained'>): {
  coverage: number;
  accuracy: number;
} {
  const decided = sum(confusion.map(sum));
  const correct = sum(confusion.map((row, label) => row[label]!));
  return {
    coverage: decided / Math.max(1, decided + sum(abstained)),
    accuracy: decided === 0 ? 1 : correct / decided,
  };
}
