import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';

import { messageOf, systemCodeOf, ToolkitError } from '../core/errors.js';
import { isFolder } from '../core/files.js';
import { picturesIn } from '../data/imaging/picture-files.js';
import type { Emit } from '../core/events.js';
import type { PictureSource } from '../data/imaging/foreign-picture.js';
import type { Predictions } from '../stages/predict/predict.js';
import { count } from '../core/format.js';
import type { Style } from './terminal/style.js';
import type { Outcome } from './terminal/reporter.js';
import type { Positional } from './command.js';

/** The pictures that a command works with, where `-` stands for standard input. */
export function imagesPositional(required: boolean): Positional {
  const description =
    'image files (PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF), or folders: all images in them; - for standard input';
  return { name: 'image', description, required, variadic: true, kind: 'file' };
}

/** The results of some pictures and the failures: a picture that cannot be read does not hide the others. */
export function picturesOutcome<Result extends Pick<Predictions, 'failures'>>(
  outcome: Result,
  text: (result: Result, style: Style, verbose: boolean) => string,
): Outcome {
  const { failures, ...result } = outcome;
  return {
    data: {
      ...result,
      failures: failures.map(({ picture, error: { code, message } }) => ({ picture, code, message })),
    },
    text: (style, verbose) => text(outcome, style, verbose),
    failures: failures.map(({ error }) => error),
  };
}

/** The pictures that the command line names: files, all images in folders, or - for standard input. */
export async function pictureSources(
  names: readonly string[],
  stdin: NodeJS.ReadableStream,
  emit: Emit,
): Promise<PictureSource[]> {
  const sources: PictureSource[] = [];
  for (const name of names) {
    if (name === '-') sources.push({ name: 'standard input', read: () => buffer(stdin) });
    else if (await isFolder(name)) sources.push(...(await folderSources(name, emit)));
    else sources.push(fileSource(name));
  }
  return sources;
}

/** A folder that cannot be read, or that holds nothing to classify, fails as a picture does, and hides none of the others. */
async function folderSources(folder: string, emit: Emit): Promise<PictureSource[]> {
  try {
    const { files, others } = await picturesIn(folder);
    if (files.length === 0) return [failedSource(folder, 'a folder without images')];
    const skipped = others === 0 ? '' : `, other files skipped: ${count(others)}`;
    emit({ event: 'notice', message: `${folder}: images found: ${count(files.length)}${skipped}` });
    return files.map(fileSource);
  } catch (error) {
    const path = (error as NodeJS.ErrnoException).path ?? folder;
    return [failedSource(path, `cannot be read (${systemCodeOf(error) ?? messageOf(error)})`, error)];
  }
}

function fileSource(name: string): PictureSource {
  return { name, read: () => readPicture(name) };
}

function failedSource(path: string, reason: string, cause?: unknown): PictureSource {
  return {
    name: path,
    read: () => Promise.reject(new ToolkitError('PICTURE_UNREADABLE', { path, reason }, { cause })),
  };
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
