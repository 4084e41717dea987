import type { KeyObject } from 'node:crypto';

import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { sha256 } from '../../core/hashing.js';
import { envelopeOf, envelopeSchema, isSignedBy, type Envelope } from '../../core/signing/dsse.js';
import {
  keyId,
  parsePublicKey,
  publicPem,
  requireEcdsa,
  requireEd25519,
  shortKeyId,
} from '../../core/signing/keys.js';
import { complaintOf } from '../../core/validation.js';

/**
 * Who may do what: `root` signs policies, `publisher` versions, `approver` promotions, `auditor` the log's head. Roots, publishers and
 * approvers have ECDSA keys, auditors Ed25519 keys.
 */
export const policyRoles = ['root', 'publisher', 'approver', 'auditor'] as const;

export type PolicyRole = (typeof policyRoles)[number];

const POLICY_TYPE = 'application/vnd.mnist-train.policy+json';

const id = z.string().regex(/^[0-9a-f]{64}$/);
const roleSchema = z.strictObject({ keyids: z.array(id).max(100), threshold: z.int().min(1).max(100) });

/** The shape of TUF's root metadata. */
const policySchema = z.strictObject({
  _type: z.literal('mnist-train/policy'),
  spec_version: z.literal('1.0'),
  version: z.int().min(1),
  expires: z.iso.datetime(),
  keys: z.record(
    id,
    z.strictObject({
      keytype: z.enum(['ecdsa', 'ed25519']),
      scheme: z.string(),
      keyval: z.strictObject({ public: z.string() }),
    }),
  ),
  roles: z.strictObject({
    root: roleSchema,
    publisher: roleSchema,
    approver: roleSchema,
    auditor: roleSchema,
  }),
});

export type PolicyContent = z.infer<typeof policySchema>;

/** A policy whose content is valid; whether it is signed is another question. */
export interface Policy {
  /** Where it was read. */
  path: string;
  content: PolicyContent;
  /** The SHA-256 of its signed bytes. */
  digest: string;
  envelope: Envelope;
  keys: ReadonlyMap<string, KeyObject>;
}

/** A role's keys, and how many of them must sign. */
export interface RoleKeys {
  keys: readonly KeyObject[];
  threshold: number;
}

const SCHEMES: Readonly<Record<string, string>> = {
  prime256v1: 'ecdsa-sha2-nistp256',
  secp384r1: 'ecdsa-sha2-nistp384',
  secp521r1: 'ecdsa-sha2-nistp521',
};

/** The content of a policy. */
export function policyContent(
  version: number,
  expires: Date,
  roles: Readonly<Record<PolicyRole, RoleKeys>>,
): PolicyContent {
  const keys: PolicyContent['keys'] = {};
  for (const key of policyRoles.flatMap((role) => roles[role].keys)) {
    const isEd25519 = key.asymmetricKeyType === 'ed25519';
    const scheme = isEd25519 ? 'ed25519' : (SCHEMES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? '');
    keys[keyId(key)] = {
      keytype: isEd25519 ? 'ed25519' : 'ecdsa',
      scheme,
      keyval: { public: publicPem(key) },
    };
  }
  const roleOf = (role: PolicyRole): PolicyContent['roles']['root'] => ({
    keyids: [...new Set(roles[role].keys.map(keyId))],
    threshold: roles[role].threshold,
  });
  return {
    _type: 'mnist-train/policy',
    spec_version: '1.0',
    version,
    expires: expires.toISOString(),
    keys,
    roles: {
      root: roleOf('root'),
      publisher: roleOf('publisher'),
      approver: roleOf('approver'),
      auditor: roleOf('auditor'),
    },
  };
}

/** An unsigned policy. Throws POLICY_INVALID. */
export function newPolicy(path: string, content: PolicyContent): Policy {
  return parsePolicy(path, envelopeOf(POLICY_TYPE, Buffer.from(JSON.stringify(content, undefined, 2))));
}

/** A policy from the text of its file. Throws POLICY_INVALID. */
export function decodePolicy(path: string, text: string): Policy {
  try {
    return parsePolicy(path, envelopeSchema.parse(JSON.parse(text)));
  } catch (error) {
    if (error instanceof ToolkitError) throw error;
    throw policyError(path, `not a signed policy: ${complaintOf(error)}`, error);
  }
}

/** A policy as the text of its file. */
export function encodePolicy({ envelope }: Pick<Policy, 'envelope'>): string {
  return `${JSON.stringify(envelope, undefined, 2)}\n`;
}

/** The keys of a role, by their ids. */
export function keysOf({ content, keys }: Policy, role: PolicyRole): Map<string, KeyObject> {
  return new Map(content.roles[role].keyids.map((name) => [name, keys.get(name)!]));
}

/** The ids of a role's keys that have signed an envelope. */
export function signersOf(policy: Policy, role: PolicyRole, envelope: Envelope): string[] {
  return [...keysOf(policy, role)].filter(([, key]) => isSignedBy(envelope, key)).map(([name]) => name);
}

/**
 * Requires that enough roots of one policy have signed another, or the same. Throws POLICY_INVALID.
 *
 * @param hint what to do about it; left out, that of a policy in a registry
 */
export function requireRoots(policy: Policy, signed: Policy, hint?: string): void {
  const { threshold } = policy.content.roles.root;
  const found = signersOf(policy, 'root', signed.envelope).length;
  if (found >= threshold) return;
  const whose = policy === signed ? 'its own roots' : `the roots of version ${policy.content.version}`;
  const reason = `signed by ${found} of ${whose}, of whom ${threshold} must sign`;
  throw new ToolkitError('POLICY_INVALID', { path: signed.path, reason, hint });
}

/** Throws POLICY_EXPIRED where a policy is no longer valid. */
export function requireUnexpired({ path, content: { version, expires } }: Policy): void {
  if (Date.parse(expires) > Date.now()) return;
  throw new ToolkitError('POLICY_EXPIRED', { path, version, expires });
}

function parsePolicy(path: string, envelope: Envelope): Policy {
  if (envelope.payloadType !== POLICY_TYPE) throw policyError(path, `its payload is ${envelope.payloadType}`);
  const payload = Buffer.from(envelope.payload, 'base64');
  const content = contentOf(path, payload);
  const keys = new Map<string, KeyObject>();
  for (const [name, { keyval }] of Object.entries(content.keys)) {
    const key = parsePublicKey(path, keyval.public);
    if (keyId(key) !== name) throw policyError(path, `the key ${shortKeyId(name)} has another id`);
    keys.set(name, key);
  }
  requireRoles(path, content, keys);
  return { path, content, digest: sha256(payload), envelope, keys };
}

function contentOf(path: string, payload: Buffer): PolicyContent {
  try {
    return policySchema.parse(JSON.parse(payload.toString('utf8')));
  } catch (error) {
    throw policyError(path, complaintOf(error), error);
  }
}

function requireRoles(path: string, { roles }: PolicyContent, keys: ReadonlyMap<string, KeyObject>): void {
  for (const role of policyRoles) {
    const { keyids, threshold } = roles[role];
    if (new Set(keyids).size !== keyids.length) throw policyError(path, `the role ${role} has a key twice`);
    for (const name of keyids) {
      const key = keys.get(name);
      if (!key) throw policyError(path, `the role ${role} names a key that the policy does not contain`);
      if (role === 'auditor') requireEd25519(path, key);
      else requireEcdsa(path, key);
    }
    // Without auditors, the log's head is not signed under the policy.
    if (role === 'auditor' && keyids.length === 0) continue;
    if (threshold > keyids.length)
      throw policyError(path, `the role ${role} has ${keyids.length} keys, of which ${threshold} must sign`);
  }
  if (roles.publisher.threshold !== 1)
    throw policyError(path, 'a version has one signature: the threshold of publishers must be 1');
}

/** POLICY_INVALID for a file. */
export function policyError(path: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('POLICY_INVALID', { path, reason }, { cause });
}
