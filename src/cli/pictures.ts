import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { systemCodeOf, ToolkitError } from '../core/errors.js';
import type { PictureSource, Predictions } from '../stages/predict/predict.js';
import type { Style } from './terminal/style.js';
import type { Outcome } from './terminal/reporter.js';
import type { Positional } from './command.js';

/** The pictures that a command works with, where `-` stands for standard input. */
export function imagesPositional(required: boolean): Positional {
  const description = 'image files (PNG, JPEG, GIF, WebP, TIFF or AVIF); - for standard input';
  return { name: 'image', description, required, variadic: true };
}

/** The results of some pictures and the failures: a picture that cannot be read does not hide the others. */
export function picturesOutcome<Result extends Pick<Predictions, 'failures'>>(
  { failures, ...result }: Result,
  text: (result: Omit<Result, 'failures'>, style: Style, verbose: boolean) => string,
): Outcome {
  return {
    data: {
      ...result,
      failures: failures.map(({ picture, error: { code, message } }) => ({ picture, code, message })),
    },
    text: (style, verbose) => text(result, style, verbose),
    failures: failures.map(({ error }) => error),
  };
}

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
    const reason = { ENOENT: 'not found', EISDIR: 'is a folder' }[code] ?? `cannot be read (${code})`;
    throw new ToolkitError('PICTURE_UNREADABLE', { path, reason }, { cause: error });
  }
}
