import type { AuditLine, AuditLog, AuditRecord } from '../audit.js';
import { isToolkitError } from '../../core/errors.js';

/** A change of a registry, from its line in the audit log. */
export interface RegistryAct {
  sequence: number;
  hash: string;
  at: string;
  actor: string;
  action: 'deploy' | 'promote' | 'rollback';
  name: string;
  version: number;
  /** The SHA-256 of the deployed manifest; undefined for other actions and for deployments of earlier versions of this program. */
  manifest: string | undefined;
  /** The SHA-256 of the deployed checkpoint; undefined if the line lacks it. */
  checkpoint: string | undefined;
  /** The SHA-256 of the signed statement of a promotion or rollback under a policy. */
  statement: string | undefined;
}

/** The action of a line that records that the previous change was never made. */
export const ABORT = 'abort';

/** The key of the manifest's hash in the details of a deployment. */
export const MANIFEST_DETAIL = 'manifest';

/** The key of the statement's hash in the details of a promotion or rollback. */
export const STATEMENT_DETAIL = 'statement';

const ACTIONS: ReadonlySet<string> = new Set(['deploy', 'promote', 'rollback']);
const SUBJECT = /^([a-z0-9][a-z0-9._-]{0,63})\/([1-9]\d{0,14})$/;

/** The changes of a registry in a log, in order, without aborted ones. */
export function registryActs(lines: readonly AuditLine[]): RegistryAct[] {
  const acts: RegistryAct[] = [];
  for (const line of lines) {
    const { action, details } = line.record;
    // Only the latest change can have been interrupted: before the next one, this line is written.
    if (action === ABORT && details['line'] === acts.at(-1)?.sequence) acts.pop();
    const act = actOf(line);
    if (act) acts.push(act);
  }
  return acts;
}

function actOf({ record, hash }: AuditLine): RegistryAct | undefined {
  const { sequence, at, actor, action, details } = record;
  const [, name, version] = SUBJECT.exec(record.subject) ?? [];
  if (name === undefined || !ACTIONS.has(action) || isOtherTarget(record)) return undefined;
  const textOf = (detail: string): string | undefined => {
    const value = details[detail];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    ...{ sequence, hash, at, actor, action: action as RegistryAct['action'], name },
    ...{ version: Number(version), manifest: textOf(MANIFEST_DETAIL), checkpoint: textOf('checkpoint') },
    statement: textOf(STATEMENT_DETAIL),
  };
}

/** Whether a deployment has another target: its subject may look like a version. */
function isOtherTarget({ action, details: { target } }: AuditRecord): boolean {
  return action === 'deploy' && typeof target === 'string' && target !== 'registry';
}

/** All lines of a log, verified; empty if there is no log. Throws AUDIT_BROKEN. */
export async function allLines(log: AuditLog): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  try {
    for await (const { record, hash } of log.verifiedLines()) lines.push({ record, hash });
  } catch (error) {
    if (!isToolkitError(error) || error.code !== 'DATA_MISSING') throw error;
  }
  return lines;
}

/**
 * The manifest hash of a deployed version; undefined if the log lacks it or cannot be read: a server may have access to the versions
 * only.
 */
export async function deployedManifest(
  log: AuditLog,
  name: string,
  version: number,
): Promise<string | undefined> {
  const isDeploy = (act: RegistryAct): boolean =>
    act.action === 'deploy' && act.name === name && act.version === version;
  return registryActs(await linesIfReadable(log)).findLast(isDeploy)?.manifest;
}

/** The lines of a log without their hashes, not verified; empty where it cannot be read. */
export async function linesIfReadable(log: AuditLog): Promise<AuditLine[]> {
  const records = await log.read().catch(() => []);
  return records.map((record) => ({ record, hash: '' }));
}
