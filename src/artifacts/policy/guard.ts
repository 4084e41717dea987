import { ToolkitError } from '../../core/errors.js';
import { AuditLog, type AuditLine } from '../audit.js';
import { allLines, linesIfReadable, registryActs, type RegistryAct } from '../log/acts.js';
import { readHead } from '../log/head.js';
import { manifestHash } from '../manifest.js';
import { versionName, type ModelRegistry, type RegisteredVersion } from '../model-registry.js';
import { verifyModel } from '../signing/model-signature.js';
import { keysOf, policyError, requireUnexpired, signersOf, type Policy } from './policy.js';
import { readPolicies, requireLogged, type PolicyChain } from './policy-chain.js';
import { readPromotion, type PromotionStatement } from './promotion.js';

/** A registry's policy with what it is judged by. */
export interface PolicyState {
  chain: PolicyChain;
  policy: Policy;
  lines: readonly AuditLine[];
}

/** Whether a statement is approved. */
export interface Approval {
  /** The ids of the approvers who signed it, without the publisher of the version. */
  approvers: string[];
  needed: number;
}

/** Holds what a registry has against its policy; a registry without one is left alone. */
export class PolicyGuard {
  readonly #registry: ModelRegistry;
  readonly #trusted: string | undefined;
  /** What was seen last: an older policy or a shorter log is a rollback. */
  #newest = 0;
  #head: AuditLine | undefined;

  /** @param trusted a copy of the policy that is kept elsewhere */
  constructor(registry: ModelRegistry, trusted?: string) {
    this.#registry = registry;
    this.#trusted = trusted;
  }

  /**
   * The registry's policy, verified; undefined where there is none and none was ever there. Throws POLICY_INVALID, POLICY_EXPIRED,
   * AUDIT_BROKEN or DATA_UNREADABLE.
   */
  async state(): Promise<PolicyState | undefined> {
    const { folder, auditFile } = this.#registry;
    const chain = await readPolicies(folder, this.#trusted);
    if (chain.length < this.#newest)
      throw policyError(
        folder,
        `its policy is version ${chain.length}, and was version ${this.#newest} before`,
      );
    this.#newest = chain.length;
    const policy = chain.at(-1);
    const log = new AuditLog(auditFile);
    // Without a policy, a server may have access to the versions alone, and a damaged log does not keep it from serving.
    const lines = policy ? await allLines(log) : await linesIfReadable(log);
    const head = await readHead(auditFile).catch(() => undefined);
    // Every line of a policy has a head after it: where the head was removed, nothing passes for unfinished.
    const settled = head?.settled ?? Infinity;
    requireLogged(folder, chain, lines, settled);
    if (!policy) return undefined;
    requireUnexpired(policy);
    this.#requireGrown(lines);
    return { chain, policy, lines };
  }

  #requireGrown(lines: readonly AuditLine[]): void {
    const sequence = this.#head?.record.sequence ?? 0;
    if (sequence > 0 && lines[sequence - 1]?.hash !== this.#head?.hash) {
      const reason =
        'it was another one when it was read before: it was rewritten, or restored from an older copy';
      throw new ToolkitError('AUDIT_BROKEN', {
        path: this.#registry.auditFile,
        line: `or before line ${sequence}`,
        reason,
      });
    }
    this.#head = lines.at(-1);
  }

  /** Requires a publisher's signature of a version; returns the publisher's key. Throws SIGNATURE_MISSING or SIGNATURE_INVALID. */
  async requirePublished({ policy }: PolicyState, version: RegisteredVersion): Promise<string> {
    const { folder } = version;
    const signed = await verifyModel(folder, [...keysOf(policy, 'publisher').values()]);
    const isComplete = signed.ignored.length === 0;
    if (signed.name === versionName(version) && isComplete) return signed.key;
    const reason = isComplete ? `it was signed as ${signed.name}` : 'it leaves files out';
    throw new ToolkitError('SIGNATURE_INVALID', { path: folder, reason });
  }

  /** How far a statement is approved by those who may. */
  approvalOf({ policy }: PolicyState, { envelope }: PromotionStatement, publisher: string): Approval {
    const approvers = signersOf(policy, 'approver', envelope).filter((key) => key !== publisher);
    return { approvers, needed: policy.content.roles.approver.threshold };
  }

  /**
   * Requires that the version in production is approved: signed by its publisher, and its promotion by enough others. Throws
   * POLICY_REFUSED, MODEL_CORRUPT, MODEL_MISSING and what `requirePublished` throws.
   */
  async requireApproved(state: PolicyState, chosen: RegisteredVersion): Promise<Approval> {
    const { name, version } = chosen;
    const publisher = await this.requirePublished(state, chosen);
    const event = (await this.#registry.history(name, 'production')).at(-1);
    const changes = registryActs(state.lines).filter((act) => act.name === name && act.action !== 'deploy');
    const act = changes.find(
      ({ sequence, hash }) => sequence === event?.log?.sequence && hash === event.log.hash,
    );
    if (event?.version !== version || !act)
      throw refused(name, version, 'the audit log has no promotion of it');
    // Also one that was announced and not made: it looks like one that was undone by hand.
    const later = changes.at(-1);
    if (later && later !== act) {
      const reason = `line ${later.sequence} of the audit log put version ${later.version} in its place`;
      throw refused(name, version, reason);
    }
    const promotion =
      act.statement === undefined ? undefined : await readPromotion(this.#registry, name, act.statement);
    if (!promotion) throw refused(name, version, 'its promotion was not signed');
    const reason = await this.#objection(state, chosen, act, promotion);
    if (reason !== undefined) throw refused(name, version, reason);
    const approval = this.approvalOf(state, promotion, publisher);
    const { approvers, needed } = approval;
    if (approvers.length >= needed) return approval;
    throw refused(
      name,
      version,
      `its promotion has ${approvers.length} of ${needed} approvals that count now`,
    );
  }

  /** Why a statement is not one of what happened; undefined where it is. */
  async #objection(
    { chain, lines }: PolicyState,
    { name, version, folder }: RegisteredVersion,
    act: RegistryAct,
    { terms, manifest }: PromotionStatement,
  ): Promise<string | undefined> {
    const isSame = terms.model === name && terms.version === version && terms.action === act.action;
    if (!isSame || act.name !== name || act.version !== version)
      return 'its promotion was signed for another version';
    if (manifest !== (await manifestHash(folder))) return 'its promotion was signed for other files';
    if (chain[terms.policy.version - 1]?.digest !== terms.policy.sha256)
      return 'its promotion was signed under a policy that was never here';
    return isFresh(lines, act.sequence, terms) ? undefined : 'its promotion was signed for another time';
  }
}

/** Whether nothing was promoted or rolled back between a statement's head of the log and its own line, and the head is in the log. */
export function isFresh(
  lines: readonly AuditLine[],
  before: number,
  { model, log }: PromotionStatement['terms'],
): boolean {
  if (lines[log.sequence - 1]?.hash !== log.hash || log.sequence >= before) return false;
  return !registryActs(lines).some(
    ({ name, action, sequence }) =>
      name === model && action !== 'deploy' && sequence > log.sequence && sequence < before,
  );
}

function refused(name: string, version: number, reason: string): ToolkitError {
  const hint = `have it approved: "mnist registry promote ${name} ${version} --sign-key FILE"`;
  return new ToolkitError('POLICY_REFUSED', { what: `${name} version ${version}`, reason, hint });
}
