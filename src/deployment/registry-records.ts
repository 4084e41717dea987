import { aliasNames, isAsWritten, type AliasEvent, type AliasName } from '../artifacts/alias.js';
import { AuditLog } from '../artifacts/audit.js';
import { readHead } from '../artifacts/log/head.js';
import { registryActs, type RegistryAct } from '../artifacts/log/acts.js';
import { manifestHash, readManifest } from '../artifacts/manifest.js';
import { versionFiles, versionName, type ModelRegistry } from '../artifacts/model-registry.js';
import { readPolicies, requireLogged } from '../artifacts/policy/policy-chain.js';
import { isToolkitError, ToolkitError } from '../core/errors.js';
import { registryLines } from './settle.js';

/** What the versions and aliases of a registry are, beside what its log says. */
export interface RecordsChecked {
  /** Versions from before manifests were recorded: the log announces them, but cannot tell whether they were replaced. */
  unrecorded: string[];
}

/** Changes that go on while everything is read are no contradiction: it is read again. */
const ATTEMPTS = 5;

/**
 * Holds versions, aliases and log against each other: each version must be the one that was deployed, each alias event must be in the
 * log and each change in the log must have happened. Throws AUDIT_BROKEN, MODEL_CORRUPT or MODEL_MISSING.
 *
 * @param only the model to check; left out, all
 */
export async function verifyRecords(registry: ModelRegistry, only?: string): Promise<RecordsChecked> {
  const { auditFile } = registry;
  for (let attempt = 1; ; attempt++) {
    const before = await readHead(auditFile);
    try {
      return await verifyOnce(registry, only);
    } catch (error) {
      const isChanged = JSON.stringify(await readHead(auditFile)) !== JSON.stringify(before);
      if (!isToolkitError(error) || !isChanged || attempt === ATTEMPTS) throw error;
    }
  }
}

async function verifyOnce(registry: ModelRegistry, only: string | undefined): Promise<RecordsChecked> {
  const lines = await registryLines(registry, new AuditLog(registry.auditFile));
  const settled = (await readHead(registry.auditFile))?.settled ?? 0;
  requireLogged(registry.folder, await readPolicies(registry.folder), lines, settled);
  const acts = registryActs(lines);
  const announced = new Set(acts.map(({ name }) => name));
  const names = only === undefined ? [...new Set([...(await registry.names()), ...announced])] : [only];
  const histories = new Map<string, Record<AliasName, AliasEvent[]>>();
  for (const name of names) histories.set(name, await historiesOf(registry, name));
  const since = firstRecorded(acts, [...histories.values()]);
  await requireHead(registry, since, lastMade([...histories.values()]));
  const unrecorded: string[] = [];
  for (const [name, history] of histories) {
    const own = acts.filter((act) => act.name === name);
    // A process that was killed has announced its change and not made it; the next one says so in the log.
    const isPending = ({ sequence }: RegistryAct): boolean =>
      sequence < since || (sequence === acts.at(-1)?.sequence && sequence > settled);
    unrecorded.push(...(await checkVersions(registry, name, own, history.candidate, isPending)));
    for (const alias of aliasNames) {
      checkAlias(registry, name, alias, history[alias], own, isPending);
      const path = registry.aliasFile(name, alias);
      const events = history[alias];
      // What an earlier version wrote last names no line, and may be written otherwise.
      if (events.at(-1)?.log && !(await isAsWritten(path, events)))
        throw corrupt(path, 'it is not as it was written');
    }
  }
  return { unrecorded };
}

async function historiesOf(registry: ModelRegistry, name: string): Promise<Record<AliasName, AliasEvent[]>> {
  const [candidate, production] = await Promise.all([
    registry.history(name, 'candidate'),
    registry.history(name, 'production'),
  ]);
  return { candidate, production };
}

/** The first line of the log that the registry refers to: from there on, log and registry must agree in everything. */
function firstRecorded(
  acts: readonly RegistryAct[],
  histories: readonly Record<AliasName, AliasEvent[]>[],
): number {
  const events = histories.flatMap(({ candidate, production }) => [...candidate, ...production]);
  return Math.min(
    ...events.map(({ log }) => log?.sequence ?? Infinity),
    ...acts.map(({ sequence, manifest }) => (manifest === undefined ? Infinity : sequence)),
  );
}

/** The last line of the log whose change was made. */
function lastMade(histories: readonly Record<AliasName, AliasEvent[]>[]): number {
  const events = histories.flatMap(({ candidate, production }) => [...candidate, ...production]);
  return Math.max(0, ...events.map(({ log }) => log?.sequence ?? 0));
}

/** A line is in the head before its change is made. */
async function requireHead(registry: ModelRegistry, since: number, made: number): Promise<void> {
  const head = await readHead(registry.auditFile);
  if (since !== Infinity && !head)
    throw broken(registry, 'the end', `${registry.auditFile}.head, which records it, is missing`);
  if (head && head.sequence < made) {
    const reason = `${registry.auditFile}.head ends with line ${head.sequence}, and line ${made} was made: it is an older copy`;
    throw broken(registry, 'the end', reason);
  }
}

/** Returns the versions whose manifest the log does not record. */
async function checkVersions(
  registry: ModelRegistry,
  name: string,
  acts: readonly RegistryAct[],
  candidates: readonly AliasEvent[],
  isPending: (act: RegistryAct) => boolean,
): Promise<string[]> {
  const deploys = new Map<number, RegistryAct>();
  for (const act of acts) {
    if (act.action !== 'deploy') continue;
    const earlier = deploys.get(act.version);
    if (earlier && !isPending(earlier))
      throw broken(registry, `line ${act.sequence}`, `${versionName(act)} was deployed before`);
    deploys.set(act.version, act);
  }
  const versions = await registry.versions(name);
  for (const [version, act] of deploys) {
    const wasThere = candidates.some((event) => event.version === version);
    if (!versions.includes(version) && (wasThere || !isPending(act))) {
      const hint = `line ${act.sequence} of the audit log says that it was deployed; restore it from a backup`;
      throw new ToolkitError('MODEL_MISSING', { name: `${name}, version ${version}`, hint });
    }
  }
  const unrecorded: string[] = [];
  for (const version of versions) {
    const act = deploys.get(version);
    const path = registry.versionFolder(name, version);
    if (!act) throw corrupt(path, 'the audit log has no deploy of it');
    await checkVersion(path, act);
    if (act.manifest === undefined) unrecorded.push(versionName({ name, version }));
  }
  return unrecorded;
}

/** Earlier versions of this program logged the hash of the checkpoint alone, of which the model is a copy. */
async function checkVersion(folder: string, { sequence, manifest, checkpoint }: RegistryAct): Promise<void> {
  const recorded = `line ${sequence} of the audit log recorded`;
  if (manifest !== undefined) {
    if (manifest === (await manifestHash(folder))) return;
    throw corrupt(folder, `its manifest is not the one that ${recorded}`);
  }
  if (checkpoint === undefined) return;
  const { files } = await readManifest(folder);
  const model = files.find(({ path }) => path === versionFiles.checkpoint);
  if (model?.sha256 !== checkpoint) throw corrupt(folder, `its model is not the checkpoint that ${recorded}`);
}

/** Each event must have its line, in the same order, and each line its event. */
function checkAlias(
  registry: ModelRegistry,
  name: string,
  alias: AliasName,
  events: readonly AliasEvent[],
  acts: readonly RegistryAct[],
  isPending: (act: RegistryAct) => boolean,
): void {
  const path = registry.aliasFile(name, alias);
  const expected = acts.filter(({ action }) => (action === 'deploy') === (alias === 'candidate'));
  let next = 0;
  const skip = (act: RegistryAct): void => {
    if (isPending(act)) return;
    throw corrupt(
      path,
      `line ${act.sequence} of the audit log (${act.action}, version ${act.version}) is not in it`,
    );
  };
  for (const [index, event] of events.entries()) {
    const found = expected.findIndex((act, at) => at >= next && isSame(event, act));
    if (found < 0) {
      const what = `event ${index + 1} (${event.action}, version ${event.version}, by ${event.actor})`;
      throw corrupt(path, `${what} is not in the audit log, or not in this order`);
    }
    expected.slice(next, found).forEach(skip);
    next = found + 1;
  }
  expected.slice(next).forEach(skip);
}

function isSame({ action, version, actor, at, log }: AliasEvent, act: RegistryAct): boolean {
  const isSameAct = (action === 'register' ? 'deploy' : action) === act.action && version === act.version;
  if (!isSameAct || actor !== act.actor) return false;
  return !log || (log.sequence === act.sequence && log.hash === act.hash && at === act.at);
}

function corrupt(path: string, reason: string): ToolkitError {
  return new ToolkitError('MODEL_CORRUPT', { path, reason });
}

function broken({ auditFile }: ModelRegistry, line: string, reason: string): ToolkitError {
  return new ToolkitError('AUDIT_BROKEN', { path: auditFile, line, reason });
}
