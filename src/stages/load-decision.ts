import type { CheckpointDescription } from '../artifacts/checkpoint.js';
import { decisionPath, readDecision } from '../artifacts/decision.js';
import type { StageContext } from '../core/events.js';
import { sha256OfFile } from '../core/hashing.js';
import { plainPolicy, type DecisionPolicy } from '../decisions/decide.js';

/** How a model's logits become decisions. */
export interface DecisionRule {
  /** What logits are divided by. */
  temperature: number;
  policy: DecisionPolicy;
}

/**
 * The rule that `calibrate` stored beside a checkpoint; without one, the likeliest class. One that was made for another
 * checkpoint is passed over with a warning. Throws DECISION_INVALID or DATA_UNREADABLE.
 */
export async function loadDecisionRule(
  path: string,
  { classNames }: CheckpointDescription,
  { emit }: StageContext,
): Promise<DecisionRule> {
  const plain: DecisionRule = { temperature: 1, policy: plainPolicy(classNames) };
  const stored = await readDecision(path);
  if (!stored) return plain;
  if (stored.checkpoint.sha256 !== (await sha256OfFile(path))) {
    emit({
      event: 'warning',
      code: 'DECISION_OUTDATED',
      message: `${decisionPath(path)} was made for another checkpoint, and is not used`,
      hint: 'run "mnist calibrate" again',
    });
    return plain;
  }
  return { temperature: stored.temperature, policy: stored };
}
