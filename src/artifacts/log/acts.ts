import type { AuditLine, AuditLog, AuditRecord } from '../audit.js';
import { isToolkitError } from '../../core/errors.js';

/** A line of the log that announces a change of a registry. */
export interface RegistryAct {
  sequence: number;
  hash: string;
  at: string;
  actor: string;
  action: 'deploy' | 'promote' | 'rollback';
  name: string;
  version: number;
  /** The SHA-256 of the deployed manifest; undefined for other acts, and where an earlier version of this program deployed it. */
  manifest: string | undefined;
  /** The SHA-256 of the deployed checkpoint; undefined where the line does not say. */
  checkpoint: string | undefined;
}

/** The action of a line which says that the change announced by an earlier line was never made. */
export const ABORT = 'abort';

/** The detail of a deploy that holds the hash of its manifest. */
export const MANIFEST_DETAIL = 'manifest';

const ACTIONS: ReadonlySet<string> = new Set(['deploy', 'promote', 'rollback']);
const SUBJECT = /^([a-z0-9][a-z0-9._-]{0,63})\/([1-9]\d{0,14})$/;

/** The changes of a registry that a log announces, in order, without those that it says were never made. */
export function registryActs(lines: readonly AuditLine[]): RegistryAct[] {
  const acts: RegistryAct[] = [];
  for (const line of lines) {
    const { action, details } = line.record;
    // Only the latest change can have been interrupted: the next one is preceded by this line.
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
  };
}

/** A deploy to a folder may have a subject that looks like a version. */
function isOtherTarget({ action, details: { target } }: AuditRecord): boolean {
  return action === 'deploy' && typeof target === 'string' && target !== 'registry';
}

/** All lines of a log, checked; none where there is no log. Throws AUDIT_BROKEN. */
export async function allLines(log: AuditLog): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  try {
    for await (const line of log.verifiedLines()) lines.push(line);
  } catch (error) {
    if (!isToolkitError(error) || error.code !== 'DATA_MISSING') throw error;
  }
  return lines;
}

/**
 * The hash of the manifest that was deployed as a version; undefined where the log does not say, or cannot be read: a server may see
 * the versions alone.
 */
export async function deployedManifest(
  log: AuditLog,
  name: string,
  version: number,
): Promise<string | undefined> {
  const records = await log.read().catch(() => []);
  const isDeploy = (act: RegistryAct): boolean =>
    act.action === 'deploy' && act.name === name && act.version === version;
  return registryActs(records.map((record) => ({ record, hash: '' }))).findLast(isDeploy)?.manifest;
}
