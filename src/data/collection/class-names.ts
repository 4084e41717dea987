import { readFile } from 'node:fs/promises';

import type { RawManifest } from '../../artifacts/raw.js';
import { ToolkitError } from '../../core/errors.js';
import { fileSize,readError,withoutByteOrderMark } from '../../core/files.js';
import { labelNamed } from './sample.js';
import { RejectionError } from '../rejection.js';

const MAX_FILE_BYTES = 2 ** 16;

/**
 * The names that an option gives to classes: a list, or the one name of a file with a name in each line. Throws USAGE, or
 * DATA_UNREADABLE for the file.
 */
export async function givenClassNames(given: readonly string[]): Promise<string[]> {
  const [only] = given;
  const bytes = given.length === 1 && only !== undefined ? await fileSize(only) : undefined;
  const names = bytes === undefined ? given : await linesOf(only!, bytes);
  try {
    const known = names.map(labelNamed);
    if (new Set(known).size < known.length) throw new RejectionError('two classes have one name');
    if (known.length < 1 || known.length > 256)
      throw new RejectionError(`${known.length} names, where 1 to 256 are needed`);
    return known;
  } catch (error) {
    if (!(error instanceof RejectionError)) throw error;
    throw usage(error.message);
  }
}

async function linesOf(path: string, bytes: number): Promise<string[]> {
  if (bytes > MAX_FILE_BYTES) throw usage(`${path} has ${bytes} bytes`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(error, path);
  });
  return withoutByteOrderMark(text).split(/\r?\n/).filter((line) => line.trim() !== '');
}

/**
 * The classes of a source under the names given: a source's own names are numbers, counted from 0, or it has none. Throws USAGE
 * where they are not, or where a number has no name.
 */
export function withClassNames(
  found: readonly string[],
  given: readonly string[],
): RawManifest['classNames'] {
  // Of a source without any, labels are the numbers themselves.
  if (found.length === 0) return [...given];
  return found.map((name) => {
    const number = /^\d+$/.test(name) ? Number(name) : undefined;
    if (number === undefined) throw usage(`the source names its classes itself ("${name}")`);
    const chosen = given[number];
    if (chosen === undefined)
      throw usage(`the source has a class ${number}, and there are ${given.length} names`);
    return chosen;
  });
}

function usage(message: string): ToolkitError {
  return new ToolkitError('USAGE', {
    message: `--class-names: ${message}`,
    hint: 'give the names of the classes 0, 1, 2 … as a,b,c, or a file with one in each line',
  });
}
