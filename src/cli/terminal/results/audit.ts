import type { AuditRecord } from '../../../artifacts/audit.js';
import { table } from '../table.js';

/** The records of an audit log, for people. */
export function auditText(records: readonly AuditRecord[]): string {
  const rows = records.map(({ sequence, at, actor, action, subject }) => [
    sequence,
    at,
    actor,
    action,
    subject,
  ]);
  return table(['', 'time', 'user', 'action', 'subject'], rows);
}
