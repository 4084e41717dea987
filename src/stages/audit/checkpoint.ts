import { AuditLog } from '../../artifacts/audit.js';
import {
  defaultOrigin,
  headOf,
  noteOf,
  readCheckpointNote,
  readTree,
  requireExtends,
  signCheckpoint,
  type LogTree,
  type SignedCheckpoint,
} from '../../artifacts/log/heads/checkpoint.js';
import { cosign, withSignatures } from '../../artifacts/log/heads/witness.js';
import { ModelRegistry } from '../../artifacts/model-registry.js';
import { ToolkitError } from '../../core/errors.js';
import { writePublicAtomically } from '../../core/files.js';
import { keyId, readPrivateKey, requireEd25519, type PrivateKey } from '../../core/signing/keys.js';
import { verifierText } from '../../core/signing/note.js';
import type { LogHeadOptions } from './audit-options.js';
import { auditorsOf, readVerifiers } from './log-verifiers.js';

/** A new checkpoint of a log. */
export interface TakenCheckpoint {
  /** The signed checkpoint, as it is in the files. */
  checkpoint: string;
  origin: string;
  size: number;
  root: string;
  /** The key that verifies it, as Go's programs take it. */
  verifier: string;
  /** Where it is: in the registry, and at the witnesses that are files. */
  files: string[];
  /** The witnesses that signed it. */
  cosigned: string[];
}

/** Where a registry has its latest checkpoint. */
export function checkpointFile({ auditFile }: ModelRegistry): string {
  return `${auditFile}.checkpoint`;
}

/**
 * Signs the head of a registry's log, and has witnesses keep it: files elsewhere, and services that sign it too. None of them takes a
 * checkpoint of a log that was cut or rewritten since its last one. Throws USAGE, AUDIT_BROKEN, DATA_MISSING, WITNESS_REFUSED,
 * LOG_CHECKPOINT_REFUSED, the errors of keys, and storage errors; then no file has changed, unless a file could not be written.
 */
export async function takeCheckpoint(options: LogHeadOptions): Promise<TakenCheckpoint> {
  const key = await signingKey(options);
  const registry = new ModelRegistry(options.registryDir);
  await requireAuditor(registry, key);
  const log = new AuditLog(registry.auditFile);
  const tree = await readTree(log);
  const own = checkpointFile(registry);
  const isUrl = (witness: string): boolean => /^https?:\/\//.test(witness);
  const files = [own, ...options.witness.filter((witness) => !isUrl(witness))];
  const earlier = await earlierCheckpoints(log.path, files, tree);
  const origin = options.origin ?? earlier[0]?.checkpoint.origin ?? defaultOrigin(tree);
  let signed = signCheckpoint(headOf(tree, origin), key);
  for (const other of earlier) {
    requireOrigin(other, origin);
    // Whoever signed the very same head has signed this one.
    if (other.text === signed.text) signed = withSignatures(signed, other.lines);
  }
  const urls = options.witness.filter(isUrl);
  const seen = earlier[0]?.checkpoint.size ?? 0;
  signed = withSignatures(signed, await cosignatures(urls, log.path, tree, signed, seen, options.witnessKey));
  const note = noteOf(signed);
  for (const file of files) await writePublicAtomically(file, note);
  const { size, root } = signed.checkpoint;
  const verifier = verifierText(origin, key.publicKey);
  return { checkpoint: note, origin, size, root: root.toString('base64'), verifier, files, cosigned: urls };
}

async function signingKey({ signKey }: LogHeadOptions): Promise<PrivateKey> {
  if (signKey === undefined) {
    const hint = 'name it with --sign-key; "mnist signing keygen FILE --kind ed25519" makes one';
    throw new ToolkitError('USAGE', { message: 'a checkpoint needs a key to be signed with', hint });
  }
  const key = await readPrivateKey(signKey);
  requireEd25519(signKey, key.publicKey);
  return key;
}

/** Under a policy with auditors, they alone sign the log's head. */
async function requireAuditor(registry: ModelRegistry, { publicKey }: PrivateKey): Promise<void> {
  const auditors = await auditorsOf(registry);
  if (!auditors || auditors.ids.includes(keyId(publicKey))) return;
  throw new ToolkitError('POLICY_REFUSED', {
    what: registry.auditFile,
    reason: 'the key is not that of one of its auditors',
    hint: '"mnist policy show" lists them; name the private key of one with --sign-key',
  });
}

/** The checkpoints that are there already, that of the registry first; the log must extend each. */
async function earlierCheckpoints(
  log: string,
  files: readonly string[],
  tree: LogTree,
): Promise<SignedCheckpoint[]> {
  const found: SignedCheckpoint[] = [];
  for (const file of files) {
    const earlier = await readCheckpointNote(file);
    if (!earlier) continue;
    requireExtends(log, file, tree, earlier.checkpoint);
    found.push(earlier);
  }
  return found;
}

function requireOrigin({ checkpoint }: SignedCheckpoint, origin: string): void {
  if (checkpoint.origin === origin) return;
  throw new ToolkitError('USAGE', {
    message: `the name of the log was ${checkpoint.origin}, and would now be ${origin}`,
    hint: 'leave --origin out, or keep the new log’s checkpoints in other files',
  });
}

async function cosignatures(
  urls: readonly string[],
  log: string,
  tree: LogTree,
  signed: SignedCheckpoint,
  seen: number,
  keys: readonly string[],
): Promise<string[]> {
  if (urls.length === 0) return [];
  if (keys.length === 0) {
    const hint = 'name the witness’s public key with --witness-key, or its signature proves nothing';
    throw new ToolkitError('USAGE', { message: 'a witness with an address needs its key', hint });
  }
  const verifiers = await readVerifiers(keys);
  const lines: string[] = [];
  for (const url of urls) lines.push(...(await cosign(url, log, tree, signed, seen, verifiers)));
  return lines;
}
