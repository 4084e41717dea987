import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { systemCodeOf, ToolkitError } from '../core/errors.js';
import type { PictureSource } from '../stages/predict.js';

/** A picture that the command line names: a file, or - for standard input. */
export function pictureSource(name: string, stdin: NodeJS.ReadableStream): PictureSource {
  if (name === '-') return { name: 'standard input', read: () => buffer(stdin) };
  return { name, read: () => readPicture(name) };
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = systemCodeOf(error) ?? 'unknown';
    const reason = { ENOENT: 'not found', EISDIR: 'it is a folder' }[code] ?? `it cannot be read (${code})`;
    throw new ToolkitError('PICTURE_UNREADABLE', { path, reason }, { cause: error });
  }
}
