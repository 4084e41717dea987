import type { StoredLikeness } from '../../artifacts/likeness/stored-likeness.js';
import { softmax } from '../probabilities.js';
import { decide, plainPolicy, type Decision, type DecisionPolicy } from './decide.js';
import { rowOf } from '../../core/images.js';

/** A decision rule for a model's logits. */
export interface DecisionRule {
  /** The divisor of the logits. */
  temperature: number;
  policy: DecisionPolicy;
  /** What tells images that are unlike the training images; undefined where nothing does. */
  likeness?: StoredLikeness | undefined;
}

/** The result of a rule for one image. */
export interface Verdict {
  probabilities: Float64Array;
  decision: Decision;
}

/** The rule that decides for the most probable class, without temperature scaling. */
export function plainRule(classNames: readonly string[]): DecisionRule {
  return { temperature: 1, policy: plainPolicy(classNames) };
}

/** The stored rule; without one, the most probable class. */
export function ruleOf(
  stored: (DecisionPolicy & Pick<DecisionRule, 'temperature' | 'likeness'>) | undefined,
  { classNames }: { classNames: readonly string[] },
): DecisionRule {
  if (!stored) return plainRule(classNames);
  const { temperature, thresholds, costs, abstentionCost, likeness } = stored;
  const policy = { classNames: stored.classNames, thresholds, costs, abstentionCost };
  return { temperature, policy, ...(likeness && { likeness }) };
}

/** Whether a policy can abstain. */
export function canAbstain({ thresholds, abstentionCost }: DecisionPolicy): boolean {
  return abstentionCost !== null || thresholds.some((threshold) => threshold > 0);
}

/** Applies a policy to the probabilities of one image. */
export function judge(probabilities: Float64Array, policy: DecisionPolicy): Verdict {
  return { probabilities, decision: decide(probabilities, policy) };
}

/** Applies a rule to the logits of one image. */
export function applyRule(logits: ArrayLike<number>, { temperature, policy }: DecisionRule): Verdict {
  return judge(softmax(logits, temperature), policy);
}

/** Applies a rule to the logits of several images, row by row. */
export function applyRuleToRows(logits: Float32Array, rule: DecisionRule): Verdict[] {
  const classes = rule.policy.classNames.length;
  return Array.from({ length: logits.length / classes }, (_, row) =>
    applyRule(rowOf(logits, row, classes), rule),
  );
}
