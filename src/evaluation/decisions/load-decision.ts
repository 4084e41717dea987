import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { decisionPath, readDecision, type StoredDecision } from '../../artifacts/decision.js';
import { reducedShape } from '../../artifacts/likeness/stored-likeness.js';
import { ToolkitError } from '../../core/errors.js';
import type { StageContext } from '../../core/events.js';
import { pixelsPerImage } from '../../core/images.js';
import { sha256OfContent } from '../../core/encryption/artifact-file.js';
import { ruleOf, type DecisionRule } from './rule.js';

/**
 * Reads the decision file that `calibrate` stored for a checkpoint. Ignores one of another checkpoint, with a warning. Throws
 * DECISION_INVALID or DATA_UNREADABLE.
 */
export async function findDecision(
  path: string,
  { emit }: Pick<StageContext, 'emit'>,
): Promise<StoredDecision | undefined> {
  const stored = await readDecision(path);
  if (!stored || stored.checkpoint.sha256 === (await sha256OfContent(path))) return stored;
  emit({
    event: 'warning',
    code: 'DECISION_OUTDATED',
    message: `${decisionPath(path)} belongs to another checkpoint and is ignored`,
    hint: 'run "mnist calibrate" again',
  });
  return undefined;
}

/** Loads the decision rule of a checkpoint. Throws DECISION_INVALID or DATA_UNREADABLE. */
export async function loadDecisionRule(
  path: string,
  description: Pick<CheckpointDescription, 'classNames' | 'shape'>,
  context: Pick<StageContext, 'emit'>,
): Promise<DecisionRule> {
  const stored = await findDecision(path, context);
  const features = pixelsPerImage(reducedShape(description.shape));
  if (stored?.likeness && stored.likeness.features !== features) {
    const reason = 'likeness is for images of another size';
    throw new ToolkitError('DECISION_INVALID', { path: decisionPath(path), reason });
  }
  return ruleOf(stored, description);
}
