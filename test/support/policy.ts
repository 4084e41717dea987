import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';

import type { ModelRegistry } from '../../src/artifacts/model-registry.js';
import {
  newPolicy,
  policyContent,
  type Policy,
  type PolicyRole,
  type RoleKeys,
} from '../../src/artifacts/policy/policy.js';
import { withSignature } from '../../src/core/signing/dsse.js';
import { generateKeys, type KeyKind, type PrivateKey } from '../../src/core/signing/keys.js';
import { applyPolicy } from '../../src/deployment/policy/apply.js';

/** A new key pair. */
export function newKey(kind: KeyKind = 'p256'): PrivateKey {
  const { privatePem, publicKey } = generateKeys(kind);
  return { key: createPrivateKey(privatePem), publicKey };
}

/** The people of a test's policy. */
export interface People {
  root: PrivateKey;
  publisher: PrivateKey;
  approvers: PrivateKey[];
  auditor: PrivateKey;
}

export function newPeople(approvers = 2): People {
  return {
    root: newKey(),
    publisher: newKey(),
    approvers: Array.from({ length: approvers }, () => newKey('p384')),
    auditor: newKey('ed25519'),
  };
}

export interface PolicyChoices {
  version?: number;
  approvals?: number;
  days?: number;
  /** Who signs it; the root, unless others are named. */
  signers?: PrivateKey[];
}

/** A signed policy. */
export function policyOf(people: People, choices: PolicyChoices = {}): Policy {
  const { version = 1, approvals = 1, days = 1, signers = [people.root] } = choices;
  const only = ({ publicKey }: PrivateKey): RoleKeys => ({ keys: [publicKey], threshold: 1 });
  const roles: Record<PolicyRole, RoleKeys> = {
    root: only(people.root),
    publisher: only(people.publisher),
    approver: { keys: people.approvers.map(({ publicKey }) => publicKey), threshold: approvals },
    auditor: only(people.auditor),
  };
  const expires = new Date(Date.now() + days * 86_400_000);
  const policy = newPolicy(join('test', 'policy'), policyContent(version, expires, roles));
  return { ...policy, envelope: signers.reduce(withSignature, policy.envelope) };
}

/** Gives a registry a policy. */
export async function underPolicy(
  registry: ModelRegistry,
  people: People,
  choices: PolicyChoices = {},
): Promise<void> {
  await applyPolicy(registry, policyOf(people, choices), 'tester');
}
