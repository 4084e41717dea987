import { AuditLog } from '../../artifacts/audit.js';
import {
  readTree,
  requireCheckpointNote,
  requireExtends,
  requireSigned,
} from '../../artifacts/log/heads/checkpoint.js';
import {
  consistencyText,
  lineProofText,
  readLineProof,
  type LineProof,
} from '../../artifacts/log/heads/proof.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import type { LogHeadOptions } from './audit-options.js';
import { checkpointFile } from './checkpoint.js';
import { auditorsOf, readVerifiers } from './log-verifiers.js';

/** A kept checkpoint that a log still agrees with. */
export interface KeptCheckpoint {
  file: string;
  size: number;
  /** The names under which the given keys signed it. */
  signers: string[];
}

/**
 * Checks a log against checkpoints that were kept elsewhere: each must be signed by a given key or, without one, by enough auditors of
 * the registry's policy, and the log must begin with the lines that it signs. Throws USAGE without keys, LOG_CHECKPOINT_REFUSED, AUDIT_BROKEN and DATA_MISSING.
 */
export async function verifyKept({
  witness,
  verifyKey,
  registryDir,
}: LogHeadOptions): Promise<KeptCheckpoint[]> {
  if (witness.length === 0) {
    if (verifyKey.length === 0) return [];
    const hint = 'name the kept checkpoint with --witness, or leave --verify-key out';
    throw new ToolkitError('USAGE', { message: '--verify-key has no effect without --witness', hint });
  }
  const registry = new ModelRegistry(registryDir);
  const auditors = verifyKey.length > 0 ? undefined : await auditorsOf(registry);
  const verifiers = auditors?.verifiers ?? (await readVerifiers(requireKeys(verifyKey)));
  const path = registry.auditFile;
  const tree = await readTree(path);
  const kept: KeptCheckpoint[] = [];
  for (const file of witness) {
    const signed = await requireCheckpointNote(file);
    const signatures = requireSigned(file, signed, verifiers, auditors?.threshold);
    requireExtends(path, file, tree, signed.checkpoint);
    const signers = [...new Set(signatures.map(({ name }) => name))];
    kept.push({ file, size: signed.checkpoint.size, signers });
  }
  return kept;
}

/**
 * Proves that a line is in a signed checkpoint, or that a shorter log is its beginning. Throws USAGE for lines that are not in it,
 * AUDIT_BROKEN, DATA_MISSING and LOG_CHECKPOINT_REFUSED.
 */
export async function prove(line: number | undefined, options: LogHeadOptions): Promise<string> {
  const { witness, from, registryDir } = options;
  const registry = new ModelRegistry(registryDir);
  if (witness.length > 1) {
    const hint = 'name one checkpoint with --witness';
    throw new ToolkitError('USAGE', { message: 'a proof refers to one checkpoint', hint });
  }
  const file = witness[0] ?? checkpointFile(registry);
  const signed = await requireCheckpointNote(file);
  await new AuditLog(registry.auditFile).verify();
  const tree = await readTree(registry.auditFile);
  requireExtends(registry.auditFile, file, tree, signed.checkpoint);
  const { size } = signed.checkpoint;
  const wanted = line ?? from;
  if ((line === undefined) === (from === undefined) || wanted === undefined) {
    const hint =
      '"mnist audit prove LINE" proves a line, "mnist audit prove --from LINES" that the log only grew';
    throw new ToolkitError('USAGE', { message: 'either a line or --from is needed', hint });
  }
  if (wanted > size) {
    const hint = 'take a new one with "mnist audit checkpoint"';
    throw new ToolkitError('USAGE', { message: `${file} has ${size} lines, and not ${wanted}`, hint });
  }
  return line === undefined ? consistencyText(tree, wanted, signed) : lineProofText(tree, line, signed);
}

/** Checks a proof of a line without the log. Throws USAGE without keys, LOG_CHECKPOINT_REFUSED and DATA_MISSING. */
export async function checkProof(
  path: string,
  { verifyKey }: LogHeadOptions,
): Promise<LineProof & { signers: string[] }> {
  const verifiers = await readVerifiers(requireKeys(verifyKey));
  const proof = await readLineProof(path);
  const signers = requireSigned(path, proof.signed, verifiers).map(({ name }) => name);
  return { ...proof, signers: [...new Set(signers)] };
}

function requireKeys(keys: readonly string[]): readonly string[] {
  if (keys.length > 0) return keys;
  const hint = 'name the public key of whoever signed it with --verify-key';
  throw new ToolkitError('USAGE', { message: 'a checkpoint proves nothing without a key', hint });
}
