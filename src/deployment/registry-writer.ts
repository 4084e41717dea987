import { chmod, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { versionBefore, writeAlias, type AliasEvent, type AliasName } from '../artifacts/alias.js';
import { AuditLog, currentActor, type AuditEntry, type AuditLine } from '../artifacts/audit.js';
import { MANIFEST_DETAIL, STATEMENT_DETAIL } from '../artifacts/log/acts.js';
import { bundlePaths, manifestHash } from '../artifacts/manifest.js';
import {
  MODEL_NAME,
  versionName,
  type ModelRegistry,
  type RegisteredVersion,
} from '../artifacts/model-registry.js';
import { signaturePath, signModel, type VerifiedModel } from '../artifacts/signing/model-signature.js';
import { isToolkitError, ToolkitError } from '../core/errors.js';
import { exists, makeFolder, storageError, syncFolder } from '../core/files.js';
import { keyId, type PrivateKey } from '../core/signing/keys.js';
import type { PairedComparison } from '../evaluation/mcnemar.js';
import { PolicyDesk, type ProposedTerms } from './policy/desk.js';
import { changeRegistry } from './settle.js';
import { requireAccuracy, requireNotWorse } from './gate.js';
import { isStaging } from './staging.js';

/** No deploy takes this long: an older staging folder is left over from one that was killed. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** What a version must pass before it is promoted. */
export interface PromotionGate {
  minAccuracy?: number | undefined;
  /** Promotes even if the gate refuses; the audit log records it. */
  force: boolean;
}

/** How far a change is approved, in a registry with a policy. */
export interface Approvals {
  given: number;
  needed: number;
}

/** What a promotion did. */
export interface Promotion {
  name: string;
  version: number;
  /** The version that was in production before. */
  before: number | null;
  /** The comparison with it; null where there was nothing to compare with. */
  comparison: PairedComparison | null;
  forced: boolean;
  /** In a registry with a policy; with fewer than are needed, production has not changed. */
  approvals?: Approvals;
}

/** What a rollback did. */
export interface Rollback {
  name: string;
  version: number;
  before: number;
  approvals?: Approvals;
}

/**
 * Changes a registry, one process at a time. The registry stays consistent even if the process is killed: one rename adds a version or
 * switches an alias, and the audit log records each change before it is made.
 */
export class RegistryWriter {
  readonly #registry: ModelRegistry;
  readonly #audit: AuditLog;
  readonly #actor: string;
  readonly #key: PrivateKey | undefined;
  readonly #policy: PolicyDesk;

  /**
   * @param actor who the audit log says it was
   * @param key signs versions or, in a registry with a policy, promotions
   * @param trusted a copy of the registry's policy that is kept elsewhere
   */
  constructor(registry: ModelRegistry, actor = currentActor(), key?: PrivateKey, trusted?: string) {
    this.#registry = registry;
    this.#audit = new AuditLog(registry.auditFile);
    this.#actor = actor;
    this.#key = key;
    this.#policy = new PolicyDesk(registry, key, trusted);
  }

  /**
   * Adds a finished folder as the next version of a model and makes it the candidate. Throws FOLDER_BUSY, AUDIT_BROKEN and storage
   * errors.
   *
   * @param staged a folder with a manifest, on the registry's own file system
   */
  async register(name: string, staged: string, details: AuditEntry['details']): Promise<number> {
    if (!MODEL_NAME.test(name)) throw new Error(`a model cannot be called ${name}`);
    return this.#locked(async () => {
      await this.#policy.requirePublisher();
      await this.#removeAbandoned();
      const version = ((await this.#registry.versions(name)).at(-1) ?? 0) + 1;
      const folder = this.#registry.versionFolder(name, version);
      await makeFolder(dirname(folder));
      const subject = versionName({ name, version });
      if (this.#key) await signModel(staged, this.#key, signaturePath(staged), subject);
      await makeReadOnly(staged);
      const recorded = { ...details, [MANIFEST_DETAIL]: await manifestHash(staged) };
      const line = await this.#record('deploy', subject, recorded);
      await rename(staged, folder).catch((error: unknown) => {
        throw storageError(error, folder);
      });
      await syncFolder(dirname(folder));
      await this.#switch(name, 'candidate', 'register', version, line);
      return version;
    });
  }

  /**
   * Promotes a version to production; in a registry with a policy, once enough approvers have called this with their keys. Throws
   * POLICY_REFUSED and the other errors of policies and signatures, USAGE where it is in production already, PROMOTION_REFUSED, QUALITY_GATE_NOT_MET,
   * MODEL_MISSING, MODEL_CORRUPT, AUDIT_BROKEN, FOLDER_BUSY and storage errors; the version in production then stays.
   *
   * @param version a number; else the candidate
   */
  async promote(name: string, version: number | undefined, gate: PromotionGate): Promise<Promotion> {
    return this.#locked(async () => {
      const chosen = await this.#registry.resolve(name, version ?? 'candidate');
      const before = (await this.#registry.current(name, 'production')) ?? null;
      const isThere = before === chosen.version;
      if (isThere && !(await this.#policy.needsApproval(chosen))) throw alreadyThere(chosen);
      const judged = isThere ? NOT_JUDGED : await this.#judge(chosen, before, gate);
      const { comparison, forced } = judged;
      const { accuracy } = chosen.manifest.metrics;
      const details = { before, accuracy, pValue: comparison?.pValue ?? null, forced };
      const done = { name, version: chosen.version, before, comparison, forced };
      return { ...done, ...(await this.#change('promote', chosen, { before, forced }, details)) };
    });
  }

  /**
   * Rolls back to the version that was in production before the current one. Throws MODEL_MISSING where there was none, MODEL_CORRUPT,
   * AUDIT_BROKEN, FOLDER_BUSY and storage errors.
   */
  async rollback(name: string): Promise<Rollback> {
    return this.#locked(async () => {
      const events = await this.#registry.history(name, 'production');
      const target = versionBefore(events);
      if (target === undefined) {
        if (events.length === 0) throw await this.#registry.missing(name, 'production');
        const hint = `"mnist registry history ${name}" shows what was in production`;
        throw new ToolkitError('MODEL_MISSING', { name: `${name} to roll back to`, hint });
      }
      const before = events.at(-1)!.version;
      const chosen = await this.#registry.resolve(name, target);
      const change = await this.#change('rollback', chosen, { before, forced: false }, { before });
      return { name, version: chosen.version, before, ...change };
    });
  }

  /**
   * Signs a version that is not signed, or was signed by somebody else. Throws USAGE without a key, POLICY_REFUSED, MODEL_MISSING,
   * MODEL_CORRUPT, AUDIT_BROKEN, FOLDER_BUSY and storage errors.
   */
  async sign(name: string, version: number): Promise<VerifiedModel> {
    const key = this.#key;
    if (!key) {
      const hint = 'name the publisher’s private key with --sign-key';
      throw new ToolkitError('USAGE', { message: 'no private key given', hint });
    }
    return this.#locked(async () => {
      await this.#policy.requirePublisher();
      const { folder } = await this.#registry.resolve(name, version);
      const subject = versionName({ name, version });
      await this.#record('sign', subject, { key: keyId(key.publicKey) });
      const signed = await signModel(folder, key, signaturePath(folder), subject);
      await chmod(signaturePath(folder), 0o444);
      return signed;
    });
  }

  /** Changes production or, under a policy that wants more approvals, records one. */
  async #change(
    action: 'promote' | 'rollback',
    chosen: RegisteredVersion,
    terms: ProposedTerms,
    details: AuditEntry['details'],
  ): Promise<{ approvals?: Approvals }> {
    const subject = versionName(chosen);
    const approved = await this.#policy.approve(action, chosen, terms, (statement, key) =>
      this.#record('approve', subject, { action, statement, key }),
    );
    if (approved && approved.given < approved.needed) return { approvals: countsOf(approved) };
    const statement = approved ? { [STATEMENT_DETAIL]: approved.statement } : {};
    const line = await this.#record(action, subject, { ...details, ...statement });
    await this.#switch(chosen.name, 'production', action, chosen.version, line);
    return approved ? { approvals: countsOf(approved) } : {};
  }

  async #judge(
    chosen: RegisteredVersion,
    before: number | null,
    { minAccuracy, force }: PromotionGate,
  ): Promise<{ comparison: PairedComparison | null; forced: boolean }> {
    try {
      requireAccuracy(chosen.manifest.metrics.accuracy, minAccuracy);
      if (before === null) return { comparison: null, forced: false };
      const production = await this.#registry.resolve(chosen.name, before).catch((error: unknown) => {
        if (!isToolkitError(error)) throw error;
        const reason = `version ${before}, in production, cannot be compared: ${error.message}`;
        throw new ToolkitError('PROMOTION_REFUSED', { ...chosen, reason });
      });
      return { comparison: await requireNotWorse(chosen, production), forced: false };
    } catch (error) {
      if (force && isToolkitError(error) && error.exitCode === 5) return { comparison: null, forced: true };
      throw error;
    }
  }

  async #switch(
    name: string,
    alias: AliasName,
    action: AliasEvent['action'],
    version: number,
    line: AuditLine,
  ): Promise<void> {
    const { at, actor, sequence } = line.record;
    const events = await this.#registry.history(name, alias);
    const event = { action, version, at, actor, log: { sequence, hash: line.hash } };
    await writeAlias(this.#registry.aliasFile(name, alias), [...events, event]);
    await this.#audit.settle(line);
  }

  #record(action: string, subject: string, details: AuditEntry['details']): Promise<AuditLine> {
    return this.#audit.append({ actor: this.#actor, action, subject, details });
  }

  #locked<Result>(action: () => Promise<Result>): Promise<Result> {
    return changeRegistry(this.#registry, this.#audit, this.#actor, action);
  }

  async #removeAbandoned(): Promise<void> {
    for (const entry of await readdir(this.#registry.folder)) {
      if (!isStaging(entry)) continue;
      const folder = join(this.#registry.folder, entry);
      const changed = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
      if (Date.now() - changed > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A version that is in production already is approved once more, and not compared with itself. */
const NOT_JUDGED = { comparison: null, forced: false };

function countsOf({ given, needed }: Approvals): Approvals {
  return { given, needed };
}

function alreadyThere({ name, version }: RegisteredVersion): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${name}, version ${version} is already in production`,
    hint: `"mnist registry list" shows the versions; name the one to promote`,
  });
}

/** Protects a version from changes by mistake; the hashes detect the others. */
async function makeReadOnly(folder: string): Promise<void> {
  for (const path of await bundlePaths(folder)) await chmod(join(folder, path), 0o444);
  await chmod(join(folder, 'manifest.json'), 0o444);
  const signature = signaturePath(folder);
  if (await exists(signature)) await chmod(signature, 0o444);
}
