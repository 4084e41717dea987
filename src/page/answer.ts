import { applyRule, type DecisionRule } from '../evaluation/decisions/rule.js';

/** A prediction, as the page shows it. */
export interface Answer {
  probabilities: readonly number[];
  likeliest: number;
  /** Why the model abstains. */
  reason: string | undefined;
  /** Whether the image is unlike the training images, as far as that is known. */
  unlike?: boolean;
}

/** The prediction for an image by its logits. */
export function answerOf(logits: ArrayLike<number>, rule: DecisionRule): Answer {
  const { probabilities, decision } = applyRule(logits, rule);
  return {
    probabilities: [...probabilities],
    likeliest: decision.abstained ? decision.candidate : decision.class,
    reason: decision.reason?.message,
  };
}
