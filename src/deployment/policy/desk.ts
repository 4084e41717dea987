import type { AuditLine } from '../../artifacts/audit.js';
import { manifestHash } from '../../artifacts/manifest.js';
import type { ModelRegistry, RegisteredVersion } from '../../artifacts/model-registry.js';
import { isFresh, PolicyGuard, type PolicyState } from '../../artifacts/policy/guard.js';
import { keysOf, type PolicyRole } from '../../artifacts/policy/policy.js';
import {
  newPromotion,
  promotionsOf,
  writePromotion,
  type PromotionStatement,
  type PromotionTerms,
} from '../../artifacts/policy/promotion.js';
import { isToolkitError, ToolkitError } from '../../core/errors.js';
import { withSignature } from '../../core/signing/dsse.js';
import { keyId, type PrivateKey } from '../../core/signing/keys.js';

/** What is proposed, beside the version. */
export type ProposedTerms = Pick<PromotionTerms, 'before' | 'forced'>;

/** An approval that was given. */
export interface GivenApproval {
  given: number;
  needed: number;
  /** The SHA-256 of the statement, by which the log names it. */
  statement: string;
}

/** Records that a key approves a statement, before the approval is stored. */
export type RecordApproval = (statement: string, key: string) => Promise<AuditLine>;

/** What a registry's policy asks of whoever changes it; without a policy, nothing. The caller holds the registry's lock. */
export class PolicyDesk {
  readonly #registry: ModelRegistry;
  readonly #key: PrivateKey | undefined;
  readonly #guard: PolicyGuard;

  constructor(registry: ModelRegistry, key: PrivateKey | undefined, trusted?: string) {
    this.#registry = registry;
    this.#key = key;
    this.#guard = new PolicyGuard(registry, trusted);
  }

  /** Requires the key of a publisher. Throws POLICY_REFUSED, POLICY_INVALID or POLICY_EXPIRED. */
  async requirePublisher(): Promise<void> {
    const state = await this.#guard.state();
    if (state) this.#requireRole(state, 'publisher', 'a new version');
  }

  /** Whether a version that is in production lacks what the policy asks. Throws POLICY_INVALID or POLICY_EXPIRED. */
  async needsApproval(version: RegisteredVersion): Promise<boolean> {
    const state = await this.#guard.state();
    if (!state) return false;
    try {
      await this.#guard.requireApproved(state, version);
      return false;
    } catch (error) {
      if (isToolkitError(error) && error.code === 'POLICY_REFUSED') return true;
      throw error;
    }
  }

  /**
   * Signs a change; undefined where there is no policy. Throws POLICY_REFUSED, SIGNATURE_MISSING, SIGNATURE_INVALID, POLICY_INVALID,
   * POLICY_EXPIRED, and what recording and writing throw.
   */
  async approve(
    action: PromotionTerms['action'],
    version: RegisteredVersion,
    terms: ProposedTerms,
    record: RecordApproval,
  ): Promise<GivenApproval | undefined> {
    const state = await this.#guard.state();
    if (!state) {
      if (this.#key) throw noPolicy(this.#registry);
      return undefined;
    }
    const publisher = await this.#guard.requirePublished(state, version);
    const key = this.#requireRole(state, 'approver', `${version.name} version ${version.version}`);
    if (keyId(key.publicKey) === publisher) throw ownWork(version);
    const proposed = await this.#proposal(state, action, version, terms);
    const signed = { ...proposed, envelope: withSignature(proposed.envelope, key) };
    const { approvers, needed } = this.#guard.approvalOf(state, signed, publisher);
    await record(signed.digest, keyId(key.publicKey));
    await writePromotion(this.#registry, signed);
    return { given: approvers.length, needed, statement: signed.digest };
  }

  /** The statement that others have signed for the same change, or a new one. */
  async #proposal(
    { policy, lines }: PolicyState,
    action: PromotionTerms['action'],
    { name, version, folder }: RegisteredVersion,
    { before, forced }: ProposedTerms,
  ): Promise<PromotionStatement> {
    const manifest = await manifestHash(folder);
    const last = lines.at(-1)!;
    const under = { version: policy.content.version, sha256: policy.digest };
    const terms: PromotionTerms = {
      ...{ model: name, version, alias: 'production', action, before, forced, policy: under },
      log: { sequence: last.record.sequence, hash: last.hash },
      createdAt: new Date().toISOString(),
    };
    const known = (await promotionsOf(this.#registry, name)).filter(
      (other) => other.manifest === manifest && isSameChange(other.terms, terms),
    );
    // Signed by others before, and nothing has changed since.
    const open = known.find((other) => isFresh(lines, last.record.sequence + 1, other.terms));
    return open ?? newPromotion(terms, manifest);
  }

  #requireRole({ policy }: PolicyState, role: PolicyRole, what: string): PrivateKey {
    const keys = keysOf(policy, role);
    if (this.#key && keys.has(keyId(this.#key.publicKey))) return this.#key;
    const reason = this.#key
      ? `the key is not that of one of its ${role}s`
      : `it needs the key of one of its ${role}s`;
    const hint = 'name the private key with --sign-key; "mnist policy show" lists the keys of each role';
    throw new ToolkitError('POLICY_REFUSED', { what, reason, hint });
  }
}

/** Whether two statements are of one change: they may differ in when it was proposed. */
function isSameChange(first: PromotionTerms, second: PromotionTerms): boolean {
  const changeOf = ({ model, version, alias, action, before, forced, policy }: PromotionTerms): string =>
    JSON.stringify([model, version, alias, action, before, forced, policy.version, policy.sha256]);
  return changeOf(first) === changeOf(second);
}

function ownWork({ name, version }: RegisteredVersion): ToolkitError {
  return new ToolkitError('POLICY_REFUSED', {
    what: `${name} version ${version}`,
    reason: 'this key published it, and cannot approve it as well',
    hint: 'have another approver promote it',
  });
}

function noPolicy({ folder }: ModelRegistry): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `${folder} has no policy: a promotion cannot be signed`,
    hint: 'leave --sign-key out, or set up a policy with "mnist policy create"',
  });
}
