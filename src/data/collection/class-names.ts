import { readFile } from 'node:fs/promises';

import type { RawManifest } from '../../artifacts/raw.js';
import { ToolkitError } from '../../core/errors.js';
import { fileSize, readError } from '../../core/files.js';
import { decodeText } from '../../core/formats/text.js';
import { labelNamed } from './sample.js';
import { RejectionError } from '../rejection.js';

const MAX_FILE_BYTES = 2 ** 16;

/**
 * The class names of `--class-names`: a list, or a file with one name per line. Throws USAGE, or DATA_UNREADABLE for the file.
 */
export async function givenClassNames(given: readonly string[]): Promise<string[]> {
  const [only] = given;
  const bytes = given.length === 1 && only !== undefined ? await fileSize(only) : undefined;
  const names = bytes === undefined ? given : await linesOf(only!, bytes);
  try {
    const known = names.map(labelNamed);
    if (new Set(known).size < known.length) throw new RejectionError('two classes have the same name');
    if (known.length < 1 || known.length > 256)
      throw new RejectionError(`${known.length} names; 1 to 256 are allowed`);
    return known;
  } catch (error) {
    if (!(error instanceof RejectionError)) throw error;
    throw usage(error.message);
  }
}

async function linesOf(path: string, bytes: number): Promise<string[]> {
  if (bytes > MAX_FILE_BYTES) throw usage(`${path} has ${bytes} bytes`);
  const content = await readFile(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  const lines = decodeText(content).split(/\r\n|[\r\n]/);
  return lines.filter((line) => line.trim() !== '');
}

/**
 * Renames the classes of a source, which are numbers from 0 or unnamed. Throws USAGE if they have other names, or if a number
 * has no name.
 */
export function withClassNames(
  found: readonly string[],
  given: readonly string[],
): RawManifest['classNames'] {
  // Without class names, the labels are the numbers.
  if (found.length === 0) return [...given];
  return found.map((name) => {
    const number = /^\d+$/.test(name) ? Number(name) : undefined;
    if (number === undefined) throw usage(`the source already names its classes ("${name}")`);
    const chosen = given[number];
    if (chosen === undefined)
      throw usage(`the source has a class ${number}, but only ${given.length} names are given`);
    return chosen;
  });
}

function usage(message: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `--class-names: ${message}`,
    hint: 'give the names of the classes 0, 1, 2 … as a,b,c, or a file with one name per line',
  });
}
