import { softmax } from '../probabilities.js';
import { decide, plainPolicy, type Decision, type DecisionPolicy } from './decide.js';
import { rowOf } from '../../core/images.js';

/** How a model's logits become decisions. */
export interface DecisionRule {
  /** What logits are divided by. */
  temperature: number;
  policy: DecisionPolicy;
}

/** What a rule makes of the logits of one image. */
export interface Verdict {
  probabilities: Float64Array;
  decision: Decision;
}

/** The rule that decides for the likeliest class, with the probabilities as the model gives them. */
export function plainRule(classNames: readonly string[]): DecisionRule {
  return { temperature: 1, policy: plainPolicy(classNames) };
}

/** The rule that was stored with a temperature; without one, the likeliest class. */
export function ruleOf(
  stored: (DecisionPolicy & { temperature: number }) | undefined,
  { classNames }: { classNames: readonly string[] },
): DecisionRule {
  if (!stored) return plainRule(classNames);
  const { temperature, thresholds, costs, abstentionCost } = stored;
  return { temperature, policy: { classNames: stored.classNames, thresholds, costs, abstentionCost } };
}

/** Whether a policy ever leaves a decision to a person. */
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
