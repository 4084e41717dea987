import { messageOf, ToolkitError } from '../../../core/errors.js';
import { textWithin } from '../../../core/formats/text.js';
import { splitNote, verifiedSignatures, type NoteVerifier } from '../../../core/signing/note.js';
import type { LogTree, SignedCheckpoint } from './checkpoint.js';
import { consistencyText } from './proof.js';

const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 64 * 1024;

interface Answer {
  status: number;
  type: string;
  text: string;
}

/**
 * Has a witness sign a checkpoint (C2SP tlog-witness): it signs only what extends all that it signed before. Returns its signature
 * lines. Throws WITNESS_REFUSED, and AUDIT_BROKEN where the witness has seen more lines than there are.
 *
 * @param url the witness's submission prefix
 * @param known the lines that it is thought to have seen
 * @param verifiers the keys of witnesses; other signatures are ignored
 */
export async function cosign(
  url: string,
  log: string,
  tree: LogTree,
  signed: SignedCheckpoint,
  known: number,
  verifiers: readonly NoteVerifier[],
): Promise<string[]> {
  const { size } = signed.checkpoint;
  const first = await submit(url, consistencyText(tree, Math.min(known, size), signed));
  const seen = sizeIn(first);
  if (seen !== undefined && seen > size) {
    const reason = `the witness ${url} has seen ${seen} lines, and the log has ${size}: the end was cut off`;
    throw new ToolkitError('AUDIT_BROKEN', { path: log, line: 'the end', reason });
  }
  const answer = seen === undefined ? first : await submit(url, consistencyText(tree, seen, signed));
  if (answer.status !== 200) throw refused(url, refusalOf(answer));
  return cosignaturesIn(url, answer.text, signed, verifiers);
}

async function submit(url: string, body: string): Promise<Answer> {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await textWithin(response, MAX_ANSWER_BYTES, 'its answer is too long');
    return { status: response.status, type: response.headers.get('content-type') ?? '', text };
  } catch (error) {
    if (error instanceof ToolkitError) throw error;
    const { cause } = error as Error;
    throw refused(url, `it does not answer (${messageOf(cause ?? error)})`, error);
  }
}

/** The size that a witness says it has seen, where it refuses for that. */
function sizeIn({ status, type, text }: Answer): number | undefined {
  const isSize = status === 409 && type.startsWith('text/x.tlog.size') && /^(0|[1-9]\d{0,14})\n?$/.test(text);
  return isSize ? Number(text) : undefined;
}

function refusalOf({ status, text }: Answer): string {
  const known: Readonly<Record<number, string>> = {
    403: 'it does not know the key of this log',
    404: 'it does not know this log',
    409: 'it has seen another log of this length',
    422: 'this log does not extend what it has seen',
  };
  const [line = ''] = text.split('\n');
  return `${known[status] ?? 'refused'} (${status}${line === '' ? '' : `: ${line.slice(0, 100)}`})`;
}

function cosignaturesIn(
  url: string,
  answer: string,
  signed: SignedCheckpoint,
  verifiers: readonly NoteVerifier[],
): string[] {
  const note = splitNote(`${signed.text}\n${answer}`);
  const found = note && verifiedSignatures(note.text, note.lines, verifiers);
  if (note?.text !== signed.text || !found) throw refused(url, 'its signature does not match the checkpoint');
  if (found.length === 0) throw refused(url, 'it signed with a key that --witness-key does not name');
  return [...new Set(found.map(({ line }) => line))];
}

/** A checkpoint with the signatures of witnesses added. */
export function withSignatures(signed: SignedCheckpoint, lines: readonly string[]): SignedCheckpoint {
  return { ...signed, lines: [...new Set([...signed.lines, ...lines])] };
}

function refused(url: string, reason: string, cause?: unknown): ToolkitError {
  return new ToolkitError('WITNESS_REFUSED', { url, reason }, { cause });
}
