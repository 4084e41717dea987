import { writeAlias, type AliasEvent } from '../artifacts/alias.js';
import type { AuditLine, AuditLog } from '../artifacts/audit.js';
import { ABORT, allLines, registryActs, type RegistryAct } from '../artifacts/log/acts.js';
import { versionName, type ModelRegistry } from '../artifacts/model-registry.js';
import { loggedPolicies, POLICY_ACTION, readPolicies } from '../artifacts/policy/policy-chain.js';
import { ToolkitError } from '../core/errors.js';
import { withLock } from '../core/lock.js';

const LOCK_WAIT_MS = 30_000;

/**
 * Runs a change of a registry as its only writer, once it is in line with its log. Throws FOLDER_BUSY, AUDIT_BROKEN, MODEL_CORRUPT, storage
 * errors, and what the change throws.
 */
export function changeRegistry<Result>(
  registry: ModelRegistry,
  log: AuditLog,
  actor: string,
  change: () => Promise<Result>,
): Promise<Result> {
  return withLock(registry.lock, { waitMs: LOCK_WAIT_MS }, async () => {
    await settleLastAct(registry, log, actor);
    return change();
  });
}

/**
 * Brings registry and log in line before the next change, where a process was killed between announcing a change and making it: a
 * version that is there becomes the candidate, and of a change that was not made the log says so.
 */
async function settleLastAct(registry: ModelRegistry, log: AuditLog, actor: string): Promise<void> {
  const lines = await registryLines(registry, log);
  await settleLastPolicy(registry, log, lines, actor);
  const act = registryActs(lines).at(-1);
  if (!act) return;
  const { name, version, action, sequence, hash, at } = act;
  const alias = action === 'deploy' ? 'candidate' : 'production';
  const events = await registry.history(name, alias);
  if (isMade(events, act)) return;
  // It was made once, so it was undone by hand: `registry verify` says what is missing.
  if (sequence <= (await log.settled())) {
    const reason = `line ${sequence} of the audit log (${action}, version ${version}) is not in it`;
    throw new ToolkitError('MODEL_CORRUPT', { path: registry.aliasFile(name, alias), reason });
  }
  if (action === 'deploy' && (await registry.versions(name)).includes(version)) {
    const event = { action: 'register' as const, version, at, actor: act.actor, log: { sequence, hash } };
    await writeAlias(registry.aliasFile(name, alias), [...events, event]);
    return;
  }
  await log.append({
    actor,
    action: ABORT,
    subject: versionName(act),
    details: { line: sequence, announced: action },
  });
}

/** Of a policy that was announced, but not made, the log says so. */
async function settleLastPolicy(
  registry: ModelRegistry,
  log: AuditLog,
  lines: readonly AuditLine[],
  actor: string,
): Promise<void> {
  const [version, announced] = [...loggedPolicies(lines)].at(-1) ?? [];
  if (version === undefined || !announced || announced.sequence <= (await log.settled())) return;
  if ((await readPolicies(registry.folder)).length >= version) return;
  const details = { line: announced.sequence, announced: POLICY_ACTION };
  await log.append({ actor, action: ABORT, subject: `policy ${version}`, details });
}

/**
 * The lines of a registry's log. Throws AUDIT_BROKEN, also for an empty log beside versions: to continue it would hide that it was
 * emptied.
 */
export async function registryLines(registry: ModelRegistry, log: AuditLog): Promise<AuditLine[]> {
  const lines = await allLines(log);
  const names = lines.length > 0 ? [] : await registry.names();
  if (names.length === 0) return lines;
  const reason = `it is empty, but there are versions of ${names.join(', ')}`;
  throw new ToolkitError('AUDIT_BROKEN', { path: log.path, line: 'the end', reason });
}

/** Whether an alias has the event that an act announced. Events of earlier versions of this program do not name their line. */
function isMade(events: readonly AliasEvent[], act: RegistryAct): boolean {
  const last = events.at(-1);
  if (last && !last.log) return last.version === act.version;
  return events.some(({ log }) => log?.sequence === act.sequence && log.hash === act.hash);
}
