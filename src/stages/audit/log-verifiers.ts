import type { ModelRegistry } from '../../artifacts/model-registry.js';
import { keysOf } from '../../artifacts/policy/policy.js';
import { readPolicies } from '../../artifacts/policy/policy-chain.js';
import { ToolkitError } from '../../core/errors.js';
import { readTextWithin } from '../../core/files.js';
import { readPublicKey, requireEd25519 } from '../../core/signing/keys.js';
import { anyNameVerifiers, parseVerifier, type NoteVerifier } from '../../core/signing/note.js';

const MAX_BYTES = 64 * 1024;

/**
 * The keys that verify checkpoints: public keys in PEM, or the lines that Go's programs use (name+id+key). Throws SIGNING_KEY_UNUSABLE
 * or DATA_UNREADABLE.
 */
export async function readVerifiers(paths: readonly string[]): Promise<NoteVerifier[]> {
  return (await Promise.all(paths.map(verifiersIn))).flat();
}

/** The auditors of a registry's policy, and how many must sign; undefined without a policy or auditors. Throws POLICY_INVALID. */
export async function auditorsOf({
  folder,
}: ModelRegistry): Promise<{ verifiers: NoteVerifier[]; ids: string[]; threshold: number } | undefined> {
  const policy = (await readPolicies(folder)).at(-1);
  const keys = policy && keysOf(policy, 'auditor');
  if (!keys || keys.size === 0) return undefined;
  const verifiers = [...keys.values()].flatMap(anyNameVerifiers);
  return { verifiers, ids: [...keys.keys()], threshold: policy.content.roles.auditor.threshold };
}

async function verifiersIn(path: string): Promise<NoteVerifier[]> {
  const text = await readTextWithin(path, MAX_BYTES);
  if (text === undefined || text.includes('-----BEGIN')) {
    const key = await readPublicKey(path);
    requireEd25519(path, key);
    return anyNameVerifiers(key);
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const verifier = parseVerifier(line.trim());
      if (verifier) return verifier;
      const reason = `line ${index + 1} is neither PEM nor a verifier key (name+id+key)`;
      throw new ToolkitError('SIGNING_KEY_UNUSABLE', { path, reason });
    });
}
