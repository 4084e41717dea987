import type { TakenCheckpoint } from '../../../../stages/audit/checkpoint.js';
import type { KeptCheckpoint } from '../../../../stages/audit/kept-checkpoints.js';
import { cleanLine } from '../../clean.js';
import { columns, count } from '../../format.js';

/** A new checkpoint, for people. */
export function checkpointTakenText(taken: TakenCheckpoint): string {
  const { origin, size, root, verifier, files, cosigned } = taken;
  return columns([
    ['log', origin],
    ['lines', count(size)],
    ['root', root],
    ['verifier key', verifier],
    ['written to', files.join(', ')],
    ...(cosigned.length === 0 ? [] : [['signed by', cosigned.join(', ')]]),
  ]);
}

/** A kept checkpoint that the log agrees with, for people. */
export function keptText({ file, size, signers }: KeptCheckpoint): string {
  return cleanLine(`${file}: the log begins with its ${count(size)} lines, signed by ${signers.join(', ')}`);
}

/** A line that was proved to be in a log, for people. */
export function proofText(
  sequence: number,
  line: string,
  origin: string,
  size: number,
  signers: readonly string[],
): string {
  const head = `line ${sequence} is in the log ${origin} of ${count(size)} lines, signed by ${signers.join(', ')}`;
  return `${cleanLine(head)}\n${cleanLine(line)}`;
}
