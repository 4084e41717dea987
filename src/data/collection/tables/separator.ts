import { tableText } from './table-text.js';

const START_CHARACTERS = 1 << 16;
/** Excel's declaration of the separator, in the first line. */
const DECLARED = /^\ufeff?"?sep=(.)"?[\r\n]/i;
const NUMBER = /^\s*"?\s*[-+]?\d+(,\d*)?(e[-+]?\d+)?\s*"?\s*$/i;

/** Detects the separator of a table: the declared one, or the most frequent one in its first line. */
export async function separatorOf(path: string): Promise<string> {
  const start = await startOf(path);
  const declared = DECLARED.exec(start)?.[1];
  if (declared !== undefined) return declared;
  // Separators inside quotes are text.
  const line = start.split(/[\r\n]/).find((candidate) => candidate.trim() !== '') ?? '';
  const plain = line.replaceAll(/"[^"]*"/g, '""');
  // With decimal commas, each field may contain a comma.
  const decimal = [';', '\t'].find((separator) => isDecimalRow(line.split(separator)));
  if (decimal !== undefined) return decimal;
  const count = (separator: string): number => plain.split(separator).length;
  const usual = mostOf([',', ';', '\t', '|'], count);
  return count(usual) > 1 || count(' ') < 4 ? usual : ' ';
}

async function startOf(path: string): Promise<string> {
  let text = '';
  for await (const chunk of tableText(path)) {
    text += typeof chunk === 'string' ? chunk : chunk.toString('utf8');
    if (text.length >= START_CHARACTERS) break;
  }
  return text.slice(0, START_CHARACTERS).replace(/^\ufeff/, '');
}

function isDecimalRow(fields: readonly string[]): boolean {
  return fields.length > 2 && fields.every((field) => NUMBER.test(field));
}

function mostOf(candidates: readonly string[], count: (candidate: string) => number): string {
  return candidates.reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}
