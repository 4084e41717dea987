import { AuditLog, currentActor } from '../../artifacts/audit.js';
import { allLines } from '../../artifacts/log/acts.js';
import type { ModelRegistry } from '../../artifacts/model-registry.js';
import { encodePolicy, policyError, requireUnexpired, type Policy } from '../../artifacts/policy/policy.js';
import {
  POLICY_ACTION,
  policyFile,
  readPolicies,
  requireLogged,
  requireNext,
} from '../../artifacts/policy/policy-chain.js';
import { writePublicAtomically } from '../../core/files.js';
import { changeRegistry } from '../settle.js';

/**
 * Makes a policy that of a registry: the first one, or the next version, which needs the signatures of the present one's roots. Throws
 * POLICY_INVALID, POLICY_EXPIRED, AUDIT_BROKEN, FOLDER_BUSY and storage errors; the policy then stays as it was.
 */
export async function applyPolicy(
  registry: ModelRegistry,
  policy: Policy,
  actor = currentActor(),
): Promise<void> {
  const log = new AuditLog(registry.auditFile);
  await changeRegistry(registry, log, actor, async () => {
    const chain = await readPolicies(registry.folder);
    requireLogged(registry.folder, chain, await allLines(log), await log.settled());
    const { version } = policy.content;
    if (version <= chain.length)
      throw policyError(
        policy.path,
        `it is version ${version}, and the registry has version ${chain.length}`,
      );
    const hint = `have its roots sign it: "mnist policy sign ${policy.path} --sign-key FILE"`;
    requireNext(chain.at(-1), policy, hint);
    requireUnexpired(policy);
    const details = { version, policy: policy.digest, expires: policy.content.expires };
    const line = await log.append({ actor, action: POLICY_ACTION, subject: `policy ${version}`, details });
    await writePublicAtomically(policyFile(registry.folder, version), encodePolicy(policy));
    await log.settle(line);
  });
}
