import { z } from 'zod';

import { aliasNames, type AliasEvent, type AliasName } from '../../artifacts/alias.js';
import { readManifest } from '../../artifacts/manifest.js';
import type { ModelRegistry } from '../../artifacts/model-registry.js';
import { PolicyGuard } from '../../artifacts/policy/guard.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { verifyRecords, type RecordsChecked } from '../../deployment/registry-records.js';
import { policyOption, registryDirOption, signKeyOption } from '../../core/config/common-options.js';

/** The options of `registry`, beside what is to be done. */
export const registryFields = z.strictObject({
  minAccuracy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'refuse with exit code 5 if test accuracy is lower', placeholder: 'X' }),
  force: z
    .boolean()
    .default(false)
    .meta({ description: 'promote even a worse model; recorded in the audit log' }),
  signKey: signKeyOption.meta({
    description: 'private key (PEM) of an approver or, to sign a version, of its publisher',
    placeholder: 'FILE',
  }),
  policy: policyOption,
  registryDir: registryDirOption,
});

/** A version in the registry, in a line. */
export interface VersionSummary {
  name: string;
  version: number;
  aliases: AliasName[];
  /** Why it cannot be used; its other fields are then empty. */
  problem: string | null;
  run: string | null;
  model: string | null;
  accuracy: number | null;
  createdAt: string | null;
}

/**
 * All versions of a model, or of all models, the latest of each first; a damaged one is listed with its problem. Throws MODEL_MISSING
 * where there is no such model.
 */
export async function listVersions(registry: ModelRegistry, only?: string): Promise<VersionSummary[]> {
  if (only !== undefined) await requireModel(registry, only);
  const summaries: VersionSummary[] = [];
  for (const name of only === undefined ? await registry.names() : [only]) {
    for (const version of (await registry.versions(name)).reverse()) {
      summaries.push(await summarise(registry, name, version));
    }
  }
  return summaries;
}

async function summarise(registry: ModelRegistry, name: string, version: number): Promise<VersionSummary> {
  const known = { name, version, aliases: await registry.aliasesOf(name, version) };
  try {
    const { source, model, metrics, createdAt } = await readManifest(registry.versionFolder(name, version));
    const { accuracy } = metrics;
    return { ...known, problem: null, run: source.run, model: model.description, accuracy, createdAt };
  } catch (error) {
    if (!isToolkitError(error)) throw error;
    return { ...known, problem: error.message, run: null, model: null, accuracy: null, createdAt: null };
  }
}

/** A change of an alias, with the alias. */
export type RegistryEvent = AliasEvent & { alias: AliasName };

/** The history of a model's aliases, the oldest change first. Throws MODEL_MISSING or MODEL_CORRUPT. */
export async function registryHistory(registry: ModelRegistry, name: string): Promise<RegistryEvent[]> {
  await requireModel(registry, name);
  const histories = await Promise.all(
    aliasNames.map(async (alias) =>
      (await registry.history(name, alias)).map((event) => ({ ...event, alias })),
    ),
  );
  return histories.flat().sort((a, b) => a.at.localeCompare(b.at));
}

/** What was verified. */
export interface RegistryVerified extends RecordsChecked {
  versions: number;
  /** The version of the policy that all of it complies with, where there is one. */
  policy?: number;
}

/**
 * Checks every file of every version against its hash, versions and aliases against the audit log and, where there is a policy,
 * signatures and approvals. Throws MODEL_CORRUPT, MODEL_MISSING or AUDIT_BROKEN for the first that is not as deployed, and the errors of
 * policies and signatures.
 *
 * @param trusted a copy of the registry's policy that is kept elsewhere
 */
export async function verifyRegistry(
  registry: ModelRegistry,
  name?: string,
  trusted?: string,
): Promise<RegistryVerified> {
  if (name !== undefined) await requireModel(registry, name);
  const guard = new PolicyGuard(registry, trusted);
  const state = await guard.state();
  let versions = 0;
  for (const model of name === undefined ? await registry.names() : [name]) {
    for (const version of await registry.versions(model)) {
      const resolved = await registry.resolve(model, version);
      if (state) await guard.requirePublished(state, resolved);
      versions++;
    }
    // An alias whose version is gone is as bad as a damaged version.
    for (const alias of aliasNames) {
      if ((await registry.current(model, alias)) === undefined) continue;
      const resolved = await registry.resolve(model, alias);
      if (state && alias === 'production') await guard.requireApproved(state, resolved);
    }
  }
  const records = await verifyRecords(registry, name);
  return { versions, ...records, ...(state && { policy: state.policy.content.version }) };
}

/** The model to use: the one named, or the only one in the registry. Throws MODEL_MISSING or USAGE. */
export async function chooseModel(registry: ModelRegistry, name: string | undefined): Promise<string> {
  if (name !== undefined) return name;
  const names = await registry.names();
  if (names.length === 1) return names[0]!;
  if (names.length === 0) {
    const hint = '"mnist deploy CHECKPOINT --to registry" adds one';
    throw new ToolkitError('MODEL_MISSING', { name: `in ${registry.folder}`, hint });
  }
  throw new ToolkitError('USAGE', {
    message: `there are several models in ${registry.folder}`,
    hint: `name one: ${names.join(', ')}`,
  });
}

async function requireModel(registry: ModelRegistry, name: string): Promise<void> {
  if ((await registry.versions(name)).length === 0) throw await registry.missing(name, 'production');
}
