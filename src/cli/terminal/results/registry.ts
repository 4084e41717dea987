import type { Approvals, Promotion, Rollback } from '../../../deployment/registry-writer.js';
import type { RegistryEvent, RegistryVerified, VersionSummary } from '../../../stages/registry/registry.js';
import { percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** The versions of a registry, for people. */
export function versionsText(versions: readonly VersionSummary[], folder: string): string {
  if (versions.length === 0) return `no models in ${folder}`;
  const rows = versions.map(({ name, version, aliases, problem, run, model, accuracy, createdAt }) =>
    problem === null
      ? [name, version, aliases.join(', '), percent(accuracy ?? 0), model ?? '', run ?? '', createdAt ?? '']
      : [name, version, aliases.join(', '), '', problem],
  );
  return table(['model', 'version', 'alias', 'accuracy', 'architecture', 'run', 'deployed'], rows);
}

/** A promotion with the comparison behind it, for people. */
export function promotionText(promotion: Promotion, { bold, yellow }: Style): string {
  const { name, version, before, comparison, forced, approvals } = promotion;
  if (approvals && approvals.given < approvals.needed) return pendingText(promotion, approvals);
  const head = `${name}: ${bold(`version ${version}`)} is in production${before === null ? '' : ` (before: version ${before})`}`;
  if (forced) return `${head}\n${yellow('promoted with --force')} although it failed the quality gate`;
  if (comparison === null) return head;
  const { onlyFirst, onlySecond, pValue } = comparison;
  return `${head}\nonly version ${version} right: ${onlyFirst} images; only version ${before ?? ''} right: ${onlySecond} (McNemar’s exact test: p = ${pValue.toPrecision(2)})`;
}

/** A rollback, for people. */
export function rollbackText(done: Rollback, { bold }: Style): string {
  const { name, version, before, approvals } = done;
  if (approvals && approvals.given < approvals.needed) return pendingText(done, approvals);
  return `${name}: ${bold(`version ${version}`)} is back in production (before: version ${before})`;
}

function pendingText(
  { name, version, before }: Pick<Promotion, 'name' | 'version' | 'before'>,
  { given, needed }: Approvals,
): string {
  const still = before === null ? 'nothing is in production yet' : `version ${before} stays in production`;
  return `${name}: version ${version} has ${given} of ${needed} approvals; ${still}`;
}

/** The history of a model's aliases, for people. */
export function historyText(events: readonly RegistryEvent[]): string {
  const rows = events.map(({ at, alias, action, version, actor }) => [at, action, alias, version, actor]);
  return table(['time', 'action', 'alias', 'version', 'user'], rows);
}

/** What was verified, for people. */
export function verifiedText({ versions, unrecorded, policy }: RegistryVerified): string {
  const under = policy === undefined ? '' : `; signed and approved under version ${policy} of the policy`;
  const head = `verified ${versions} ${versions === 1 ? 'version' : 'versions'}: files, aliases and audit log agree${under}`;
  return unrecorded.length === 0 ? head : `${head}\n${unrecordedText(unrecorded)}`;
}

/** A notice about versions whose manifest the log does not record. */
export function unrecordedText(unrecorded: readonly string[]): string {
  return `deployed by an earlier version of mnist-train, which did not log the manifest’s hash: ${unrecorded.join(', ')}; deploy them again to have it logged`;
}
