import type { AbstentionReason } from './decide.js';
import type { Verdict } from './rule.js';

/** What was decided about an image, with its classes by name. */
export interface NamedDecision {
  /** The class that was decided for; null where it is left to a person. */
  class: string | null;
  /** That of the class, or of the one that it would have been. */
  probability: number;
  abstained: boolean;
  /** Why it is left to a person. */
  reason: AbstentionReason | null;
  /** The likeliest classes, as many as were asked for. */
  top: { class: string; probability: number }[];
}

/** Names the classes of a verdict, and lists the likeliest. */
export function nameDecision(
  { probabilities, decision }: Verdict,
  classNames: readonly string[],
  top: number,
): NamedDecision {
  const { class: decided, probability, abstained, reason } = decision;
  const ranked = classNames
    .map((name, index) => ({ class: name, probability: probabilities[index]! }))
    .sort((a, b) => b.probability - a.probability);
  const name = decided === null ? null : classNames[decided]!;
  return { class: name, probability, abstained, reason, top: ranked.slice(0, top) };
}
