import { ToolkitError } from '../../../core/errors.js';
import type { PrivacyAuditOptions } from '../../../stages/audit/privacy-audit-options.js';
import type { StageContext } from '../../../core/events.js';
import { privacyAuditText } from '../../terminal/results/privacy-audit.js';
import type { Outcome } from '../../terminal/reporter.js';

/** The action of `audit` that attacks a checkpoint, with what it takes. */
export const privacyAction = { privacy: { options: ['auditDelta'], arguments: 1 } } as const;

/** Attacks a checkpoint. */
export async function privacy({
  options,
  positionals: [, checkpoint],
  context,
}: {
  options: PrivacyAuditOptions;
  positionals: readonly string[];
  context: StageContext;
}): Promise<Outcome> {
  if (checkpoint === undefined) {
    const hint = '"mnist audit privacy latest" audits the latest run';
    throw new ToolkitError('USAGE', { message: 'no checkpoint given', hint });
  }
  // The other actions need no engine.
  const { auditPrivacy } = await import('../../../stages/audit/audit-privacy.js');
  const audit = await auditPrivacy(checkpoint, options, context);
  return { data: audit, text: (style) => privacyAuditText(audit, style) };
}
