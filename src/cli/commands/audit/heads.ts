import { ToolkitError } from '../../../core/errors.js';
import type { LogHeadOptions } from '../../../stages/audit/audit-options.js';
import { takeCheckpoint } from '../../../stages/audit/checkpoint.js';
import { checkProof, prove } from '../../../stages/audit/kept-checkpoints.js';
import { checkpointTakenText, proofText } from '../../terminal/results/proof/log-heads.js';
import type { Outcome } from '../../terminal/reporter.js';

interface HeadsCall {
  options: LogHeadOptions;
  positionals: readonly string[];
}

/** The actions of `audit` around signed heads of the log, with what each takes. */
export const headActions = {
  checkpoint: { options: ['signKey', 'origin', 'witness', 'witnessKey', 'registryDir'] },
  prove: { options: ['witness', 'from', 'registryDir'], arguments: 1 },
  check: { options: ['verifyKey'], arguments: 1 },
} as const;

/** Signs the log's head. */
export async function checkpoint({ options }: HeadsCall): Promise<Outcome> {
  const taken = await takeCheckpoint(options);
  return { data: taken, text: () => checkpointTakenText(taken) };
}

/** Prints a proof. */
export async function proveLine({ options, positionals }: HeadsCall): Promise<Outcome> {
  const proof = await prove(lineNumber(positionals[1]), options);
  return { data: { proof }, text: () => proof.trimEnd() };
}

/** Checks a proof. */
export async function check({ options, positionals: [, path] }: HeadsCall): Promise<Outcome> {
  if (path === undefined) {
    const hint = '"mnist audit check FILE --verify-key FILE" checks what "mnist audit prove" wrote';
    throw new ToolkitError('USAGE', { message: 'no proof given', hint });
  }
  const { line, sequence, signed, signers } = await checkProof(path, options);
  const { origin, size } = signed.checkpoint;
  return {
    data: { sequence, line, origin, size, signers },
    text: () => proofText(sequence, line, origin, size, signers),
  };
}

function lineNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  const hint = 'give a line’s number; "mnist audit list" shows them';
  throw new ToolkitError('USAGE', { message: `"${text}" is not a line of the log`, hint });
}
