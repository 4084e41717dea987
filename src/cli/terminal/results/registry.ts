import type { Promotion } from '../../../deployment/registry-writer.js';
import type { RegistryEvent, VersionSummary } from '../../../stages/registry/registry.js';
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
  return table(['model', 'version', 'alias', 'accuracy', 'structure', 'run', 'deployed'], rows);
}

/** A promotion and what it rests on, for people. */
export function promotionText(promotion: Promotion, { bold, yellow }: Style): string {
  const { name, version, before, comparison, forced } = promotion;
  const head = `${name}: ${bold(`version ${version}`)} is in production${before === null ? '' : `, not ${before}`}`;
  if (forced) return `${head}\n${yellow('promoted by force')}, though the gate refused it`;
  if (comparison === null) return head;
  const { onlyFirst, onlySecond, pValue } = comparison;
  return `${head}\nright where version ${before ?? ''} is wrong: ${onlyFirst}; wrong where it is right: ${onlySecond} (McNemar’s exact test: p = ${pValue.toPrecision(2)})`;
}

/** What a model's aliases have meant, for people. */
export function historyText(events: readonly RegistryEvent[]): string {
  const rows = events.map(({ at, alias, action, version, actor }) => [at, action, alias, version, actor]);
  return table(['when', 'what', 'alias', 'version', 'who'], rows);
}
