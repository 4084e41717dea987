import { basename } from 'node:path';

import { ToolkitError } from '../../../core/errors.js';
import { readTextWithin } from '../../../core/files.js';
import { sha256 } from '../../../core/hashing.js';
import type { PrivateKey } from '../../../core/signing/keys.js';
import { leafHash, rootHash, type TreeHead } from '../../../core/signing/merkle.js';
import {
  isKeyName,
  signatureLine,
  splitNote,
  verifiedSignatures,
  type NoteSignature,
  type NoteVerifier,
} from '../../../core/signing/note.js';
import type { AuditLog } from '../../audit.js';

/** A head of a log: so many lines with this root (C2SP tlog-checkpoint). */
export interface LogCheckpoint extends TreeHead {
  /** What identifies the log. */
  origin: string;
}

/** A checkpoint with its signatures, as it was read. */
export interface SignedCheckpoint {
  checkpoint: LogCheckpoint;
  /** What is signed. */
  text: string;
  lines: string[];
}

/** The lines of a log, and their hashes in the tree. */
export interface LogTree {
  lines: string[];
  leaves: Buffer[];
}

const MAX_BYTES = 64 * 1024;
/** What a hash in base64 looks like. */
export const HASH_TEXT = /^[A-Za-z0-9+/]{43}=$/;

/** Reads a log as a tree, and verifies its chain. Throws AUDIT_BROKEN and DATA_MISSING. */
export async function readTree(log: AuditLog): Promise<LogTree> {
  const lines: string[] = [];
  for await (const { text } of log.verifiedLines()) lines.push(text);
  return { lines, leaves: lines.map(leafHash) };
}

/** The name of a log that was given none: no two logs begin with the same line, which holds a time. */
export function defaultOrigin({ lines }: LogTree): string {
  return `mnist-train/${sha256(lines[0] ?? '').slice(0, 16)}`;
}

/** The head of a tree. */
export function headOf({ leaves }: LogTree, origin: string): LogCheckpoint {
  return { origin, size: leaves.length, root: rootHash(leaves) };
}

/** A checkpoint's text, which is what is signed. */
function checkpointText({ origin, size, root }: LogCheckpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** A checkpoint signed under the log's own name. */
export function signCheckpoint(checkpoint: LogCheckpoint, key: PrivateKey): SignedCheckpoint {
  const text = checkpointText(checkpoint);
  return { checkpoint, text, lines: [signatureLine(text, checkpoint.origin, key).trimEnd()] };
}

/** A signed checkpoint as a file has it. */
export function noteOf({ text, lines }: Pick<SignedCheckpoint, 'text' | 'lines'>): string {
  return `${text}\n${lines.join('\n')}\n`;
}

/** Reads a signed checkpoint; undefined if there is no such file. Throws LOG_CHECKPOINT_REFUSED or DATA_UNREADABLE. */
export async function readCheckpointNote(path: string): Promise<SignedCheckpoint | undefined> {
  const text = await readTextWithin(path, MAX_BYTES);
  return text === undefined ? undefined : parseCheckpoint(path, text);
}

/** Reads a signed checkpoint that has to be there. Throws DATA_MISSING, LOG_CHECKPOINT_REFUSED or DATA_UNREADABLE. */
export async function requireCheckpointNote(path: string): Promise<SignedCheckpoint> {
  const found = await readCheckpointNote(path);
  if (found) return found;
  const hint = `"mnist audit checkpoint --sign-key FILE --witness ${basename(path)}" writes one`;
  throw new ToolkitError('DATA_MISSING', { path, hint });
}

/** Parses a signed checkpoint. Throws LOG_CHECKPOINT_REFUSED, which names the place. */
export function parseCheckpoint(place: string, note: string): SignedCheckpoint {
  const parts = splitNote(note);
  const [origin = '', size = '', root = '', ...more] = parts?.text.split('\n') ?? [];
  const isValid = isKeyName(origin) && /^(0|[1-9]\d{0,14})$/.test(size) && HASH_TEXT.test(root);
  // Extension lines are allowed, and come before the text's end.
  if (!parts || !isValid || more.length === 0)
    throw checkpointRefused(place, 'not a signed checkpoint of a log');
  const checkpoint = { origin, size: Number(size), root: Buffer.from(root, 'base64') };
  return { checkpoint, ...parts };
}

/**
 * The signatures of a checkpoint by known keys. Throws LOG_CHECKPOINT_REFUSED where there is none, or where one does not match.
 *
 * @param needed by how many different keys
 */
export function requireSigned(
  place: string,
  { text, lines }: SignedCheckpoint,
  verifiers: readonly NoteVerifier[],
  needed = 1,
): NoteSignature[] {
  const found = verifiedSignatures(text, lines, verifiers);
  if (!found) throw checkpointRefused(place, 'a signature does not match its text: it was changed');
  const keys = new Set(found.map(({ verifier }) => verifier.key.export({ format: 'jwk' }).x));
  if (keys.size >= needed) return found;
  const signed = keys.size === 0 ? 'none' : 'too few';
  throw checkpointRefused(place, `signed by ${signed} of the given keys; ${needed} needed`);
}

/** The error for a checkpoint or proof that is not accepted. */
export function checkpointRefused(path: string, reason: string): ToolkitError {
  return new ToolkitError('LOG_CHECKPOINT_REFUSED', { path, reason });
}

/** Requires that a log still begins with what a checkpoint says. Throws AUDIT_BROKEN. */
export function requireExtends(
  log: string,
  place: string,
  { leaves }: LogTree,
  { size, root }: LogCheckpoint,
): void {
  if (leaves.length < size) {
    const reason = `${place} has ${size} lines, and the log ${leaves.length}: the end was cut off`;
    throw new ToolkitError('AUDIT_BROKEN', { path: log, line: 'the end', reason });
  }
  if (rootHash(leaves.slice(0, size)).equals(root)) return;
  const reason = `the first ${size} lines are not those of ${place}: the log was rewritten`;
  throw new ToolkitError('AUDIT_BROKEN', { path: log, line: `or before line ${size}`, reason });
}
