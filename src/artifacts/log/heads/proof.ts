import { ToolkitError } from '../../../core/errors.js';
import { readTextWithin } from '../../../core/files.js';
import { consistencyProof, inclusionProof, isIncluded, leafHash } from '../../../core/signing/merkle.js';
import {
  checkpointRefused,
  HASH_TEXT,
  noteOf,
  parseCheckpoint,
  type LogTree,
  type SignedCheckpoint,
} from './checkpoint.js';

/** A proof that a line is in a log, which needs nothing but the public key of whoever signed the log's head. */
export interface LineProof {
  /** The line. */
  line: string;
  /** Its number, from 1. */
  sequence: number;
  signed: SignedCheckpoint;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_BYTES = 2 * 2 ** 20;

/** The proof that a line is in the tree that a checkpoint signs, as C2SP's tlog-proof; the line itself is its extra data. */
export function lineProofText(
  { lines, leaves }: LogTree,
  sequence: number,
  signed: SignedCheckpoint,
): string {
  const { size } = signed.checkpoint;
  const proof = inclusionProof(leaves.slice(0, size), sequence - 1);
  return [
    HEADER,
    `extra ${Buffer.from(lines[sequence - 1]!).toString('base64')}`,
    `index ${sequence - 1}`,
    ...proof.map((hash) => hash.toString('base64')),
    '',
    noteOf(signed),
  ].join('\n');
}

/** The proof that a log of fewer lines is the beginning of a checkpoint's: what C2SP's witnesses are sent. */
export function consistencyText({ leaves }: LogTree, from: number, signed: SignedCheckpoint): string {
  const proof = consistencyProof(leaves.slice(0, signed.checkpoint.size), from);
  return [`old ${from}`, ...proof.map((hash) => hash.toString('base64')), '', noteOf(signed)].join('\n');
}

/**
 * Reads a proof and checks it against the checkpoint in it, whose signatures are not checked here. Throws DATA_MISSING,
 * DATA_UNREADABLE or LOG_CHECKPOINT_REFUSED.
 */
export async function readLineProof(path: string): Promise<LineProof> {
  const text = await readTextWithin(path, MAX_BYTES);
  if (text === undefined)
    throw new ToolkitError('DATA_MISSING', { path, hint: '"mnist audit prove LINE" writes a proof' });
  const [head = '', ...rest] = text.split('\n\n');
  const [header, extra = '', index = '', ...hashes] = head.split('\n');
  const [, line] = /^extra ([A-Za-z0-9+/]+={0,2})$/.exec(extra) ?? [];
  const [, number] = /^index (0|[1-9]\d{0,14})$/.exec(index) ?? [];
  const isProof = header === HEADER && hashes.length <= 63 && hashes.every((hash) => HASH_TEXT.test(hash));
  if (!isProof || line === undefined || number === undefined)
    throw checkpointRefused(path, 'not a proof of a line of a log');
  const signed = parseCheckpoint(path, rest.join('\n\n'));
  const entry = Buffer.from(line, 'base64');
  const proof = hashes.map((hash) => Buffer.from(hash, 'base64'));
  const { size, root } = signed.checkpoint;
  if (!isIncluded(leafHash(entry), Number(number), size, root, proof))
    throw checkpointRefused(path, 'the line is not in the log that the checkpoint signs');
  return { line: entry.toString('utf8'), sequence: Number(number) + 1, signed };
}
