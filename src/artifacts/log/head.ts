import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { readTextWithin, writePublicAtomically } from '../../core/files.js';
import { complaintOf } from '../../core/validation.js';

const headSchema = z.strictObject({
  format: z.literal('mnist-train/audit-head'),
  version: z.literal(1),
  /** The number of the last line. */
  sequence: z.int().min(0),
  /** The SHA-256 of the last line. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** The number of the last line whose change was made; later changes may have been interrupted. */
  settled: z.int().min(0),
});

/** The last line of a log, recorded in a file of its own to detect truncation. */
export type AuditHead = Pick<z.infer<typeof headSchema>, 'sequence' | 'hash' | 'settled'>;

const MAX_BYTES = 4096;

/** The path of the file that records the head of a log. */
export function headPath(logPath: string): string {
  return `${logPath}.head`;
}

/** Reads the recorded head of a log; undefined if there is none. Throws AUDIT_BROKEN or DATA_UNREADABLE. */
export async function readHead(logPath: string): Promise<AuditHead | undefined> {
  const path = headPath(logPath);
  try {
    const text = await readTextWithin(path, MAX_BYTES);
    if (text === undefined) return undefined;
    const { sequence, hash, settled } = headSchema.parse(JSON.parse(text));
    const head = { sequence, hash, settled };
    if (settled > sequence || text !== encodeHead(head)) throw new Error('it is not as it was written');
    return head;
  } catch (error) {
    if (error instanceof ToolkitError) throw error;
    const details = { path, line: 'the head', reason: complaintOf(error) };
    throw new ToolkitError('AUDIT_BROKEN', details, { cause: error });
  }
}

/** Records the head of a log. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeHead(logPath: string, head: AuditHead): Promise<void> {
  await writePublicAtomically(headPath(logPath), encodeHead(head));
}

function encodeHead({ sequence, hash, settled }: AuditHead): string {
  return `${JSON.stringify({ format: 'mnist-train/audit-head', version: 1, sequence, hash, settled })}\n`;
}
