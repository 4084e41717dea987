import type { KeyObject } from 'node:crypto';

import { z } from 'zod';

import type { ModelRegistry } from '../../artifacts/model-registry.js';
import {
  encodePolicy,
  keysOf,
  newPolicy,
  policyContent,
  policyRoles,
  signersOf,
  type Policy,
  type PolicyRole,
  type RoleKeys,
} from '../../artifacts/policy/policy.js';
import { readPolicies, readPolicy } from '../../artifacts/policy/policy-chain.js';
import { registryDirOption, signKeyOption } from '../../core/config/common-options.js';
import { ToolkitError } from '../../core/errors.js';
import { exists, writePublicAtomically } from '../../core/files.js';
import { withSignature } from '../../core/signing/dsse.js';
import { keyId, readEcdsaKey, readPublicKey } from '../../core/signing/keys.js';

const keyFiles = (who: string): z.ZodOptional<z.ZodArray<z.ZodString>> =>
  z
    .array(z.string().min(1))
    .max(100)
    .optional()
    .meta({
      description: `create: public keys of ${who}; default: those of the current policy`,
      placeholder: 'FILE,…',
    });
const threshold = (what: string): z.ZodOptional<z.ZodInt> =>
  z
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: `create: ${what}; default: as in the current policy, else 1` });

/** The options of `policy`, beside what is to be done. */
export const policyFields = z.strictObject({
  root: keyFiles('those who may sign policies'),
  publisher: keyFiles('those who may sign versions'),
  approver: keyFiles('those who may approve promotions'),
  auditor: keyFiles('those who may sign the audit log’s head (Ed25519)'),
  roots: threshold('number of roots who must sign a policy'),
  approvals: threshold('number of approvals that a promotion needs'),
  auditors: threshold('number of auditors who must sign a checkpoint'),
  days: z
    .number()
    .min(0.0001)
    .max(3650)
    .default(365)
    .meta({ description: 'create: days until the policy expires' }),
  signKey: signKeyOption.meta({ description: 'sign: private key of a root', placeholder: 'FILE' }),
  registryDir: registryDirOption,
});

export type PolicyOptions = z.output<typeof policyFields>;

/** A policy in a few words. */
export interface PolicySummary {
  version: number;
  expires: string;
  digest: string;
  roles: Record<PolicyRole, { keys: string[]; threshold: number }>;
  /** The ids of the roots of this policy who have signed it. */
  signedBy: string[];
}

/**
 * Writes the next version of a registry's policy, or its first, to a file, unsigned. What is left out stays as it is. Throws
 * OUTPUT_EXISTS, USAGE where a role has no keys, POLICY_INVALID, the errors of keys, and storage errors.
 */
export async function createPolicy(
  path: string,
  registry: ModelRegistry,
  options: PolicyOptions,
): Promise<PolicySummary> {
  if (await exists(path)) throw new ToolkitError('OUTPUT_EXISTS', { path });
  const present = (await readPolicies(registry.folder)).at(-1);
  const thresholds = {
    root: options.roots,
    publisher: 1,
    approver: options.approvals,
    auditor: options.auditors,
  };
  const roles: Partial<Record<PolicyRole, RoleKeys>> = {};
  for (const role of policyRoles) {
    const keys = await keysFor(role, options[role], present);
    roles[role] = { keys, threshold: thresholds[role] ?? present?.content.roles[role].threshold ?? 1 };
  }
  const expires = new Date(Date.now() + options.days * 86_400_000);
  const version = (present?.content.version ?? 0) + 1;
  const policy = newPolicy(path, policyContent(version, expires, roles as Record<PolicyRole, RoleKeys>));
  await writePublicAtomically(path, encodePolicy(policy));
  return summaryOf(policy);
}

async function keysFor(
  role: PolicyRole,
  files: readonly string[] | undefined,
  present: Policy | undefined,
): Promise<KeyObject[]> {
  if (files) return Promise.all(files.map(readPublicKey));
  if (present) return [...keysOf(present, role).values()];
  if (role === 'auditor') return [];
  throw new ToolkitError('USAGE', {
    message: `the first policy needs a key for the role ${role}`,
    hint: `name public keys with --${role}; "mnist signing keygen FILE" makes a key pair`,
  });
}

/** Adds a root's signature to a policy. Throws USAGE without a key, POLICY_REFUSED for others, POLICY_INVALID, and storage errors. */
export async function signPolicy(
  path: string,
  registry: ModelRegistry,
  { signKey }: PolicyOptions,
): Promise<PolicySummary> {
  if (signKey === undefined)
    throw new ToolkitError('USAGE', { message: 'no private key given', hint: 'name it with --sign-key' });
  const policy = await readPolicy(path);
  const key = await readEcdsaKey(signKey);
  const present = (await readPolicies(registry.folder)).at(-1);
  const isRoot = [policy, present].some((one) => one && keysOf(one, 'root').has(keyId(key.publicKey)));
  if (!isRoot) {
    const reason = 'the key is not that of a root, neither of the new nor of the current policy';
    throw new ToolkitError('POLICY_REFUSED', { what: path, reason, hint: 'have one of its roots sign it' });
  }
  const signed = { ...policy, envelope: withSignature(policy.envelope, key) };
  await writePublicAtomically(path, encodePolicy(signed));
  return summaryOf(signed);
}

/** A policy in a few words. */
export function summaryOf(policy: Policy): PolicySummary {
  const { version, expires, roles } = policy.content;
  const entries = policyRoles.map((role) => {
    const { keyids: keys, threshold } = roles[role];
    return [role, { keys, threshold }] as const;
  });
  return {
    version,
    expires,
    digest: policy.digest,
    roles: Object.fromEntries(entries) as PolicySummary['roles'],
    signedBy: signersOf(policy, 'root', policy.envelope),
  };
}

/** The policy in a file or, without one, that of a registry. Throws POLICY_INVALID, also where there is none. */
export async function showPolicy(path: string | undefined, registry: ModelRegistry): Promise<PolicySummary> {
  const policy = path === undefined ? (await readPolicies(registry.folder)).at(-1) : await readPolicy(path);
  if (policy) return summaryOf(policy);
  throw new ToolkitError('USAGE', {
    message: `${registry.folder} has no policy`,
    hint: '"mnist policy create FILE" makes one, "mnist policy apply FILE" sets it up',
  });
}
