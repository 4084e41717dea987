import type { AuditRecord, AuditSummary } from '../../../artifacts/audit.js';
import { table } from '../table.js';
import { unrecordedText } from './registry.js';

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

/** An intact log, for people. */
export function auditVerifiedText(
  path: string,
  { records, head }: AuditSummary,
  unrecorded: readonly string[],
): string {
  const lines = [
    `${path}: ${records} records, the hash chain is intact and agrees with the registry`,
    `head ${head}`,
  ];
  return [...lines, ...(unrecorded.length === 0 ? [] : [unrecordedText(unrecorded)])].join('\n');
}
