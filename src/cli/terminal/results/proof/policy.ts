import { policyRoles } from '../../../../artifacts/policy/policy.js';
import { shortKeyId } from '../../../../core/signing/keys.js';
import type { PolicySummary } from '../../../../stages/policy/policy.js';
import { columns } from '../../format.js';

/** A policy, for people. */
export function policyText({ version, expires, digest, roles, signedBy }: PolicySummary): string {
  const keysText = (ids: readonly string[]): string =>
    ids.length === 0 ? 'none' : ids.map(shortKeyId).join(', ');
  return columns([
    ['version', String(version)],
    ['expires', expires],
    ['SHA-256', digest],
    ...policyRoles.map((role) => {
      const { keys, threshold } = roles[role];
      return [role, `${threshold} of ${keysText(keys)}`];
    }),
    ['signed by', `${keysText(signedBy)}${signedBy.length < roles.root.threshold ? ' (not enough)' : ''}`],
  ]);
}
