import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { FEEDBACK_FILE, parseFeedback, sealedIn, type FeedbackRecord } from '../../../artifacts/feedback.js';
import { artifactPieces, unsealBytes } from '../../../core/encryption/artifact-file.js';
import { isKeyError } from '../../../core/encryption/key-errors.js';
import { isToolkitError, ToolkitError } from '../../../core/errors.js';
import { isFile, readError } from '../../../core/files.js';
import { decodeChunks } from '../../../core/formats/text.js';
import { complaintOf } from '../../../core/validation.js';
import { convertPixels, type ImageTarget } from '../../imaging/importing/decode.js';
import { shapeOf, targetFor, type Size, type Sample } from '../sample.js';
import { RejectionError, type Rejection } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

/** The images that `mnist serve --feedback-dir` stores as the model's input, with the labels that people gave. */
export const feedback = sampleKind({
  name: 'feedback',
  summary: 'folder of "mnist serve --feedback-dir", or its feedback.jsonl',

  async recognises(place) {
    const path = await findFile(place);
    return path !== undefined && basename(path) === FEEDBACK_FILE;
  },

  async open(place, options) {
    const path = (await findFile(place)) ?? place;
    const first = await firstRecord(path);
    const target = targetFor(options, shapeOfRecord(first));
    const { classNames } = first;
    return { shape: shapeOf(target), total: undefined, classNames, samples: samplesOf(path, target) };
  },
});

async function findFile(place: string): Promise<string | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory()) return found && /\.jsonl$/i.test(place) ? place : undefined;
  const path = join(place, FEEDBACK_FILE);
  return (await isFile(path)) ? path : undefined;
}

async function* linesOf(path: string): AsyncGenerator<{ name: string; line: string }> {
  let number = 0;
  const numbered = (line: string): { name: string; line: string } => {
    return { name: `${basename(path)}:${++number}`, line };
  };
  let rest = '';
  try {
    for await (const text of decodeChunks(artifactPieces(path))) {
      const lines = text.split('\n');
      lines[0] = rest + lines[0]!;
      rest = lines.pop()!;
      yield* lines.map(numbered).filter(isNotBlank);
    }
  } catch (error) {
    throw readError(error, path);
  }
  yield* [numbered(rest)].filter(isNotBlank);
}

function isNotBlank({ line }: { line: string }): boolean {
  return line.trim() !== '';
}

/** The first valid record; its shape and classes hold for the file, which is of one model. Throws SOURCE_REFUSED if there is none. */
async function firstRecord(path: string): Promise<FeedbackRecord> {
  for await (const { line } of linesOf(path)) {
    try {
      return await recordIn(line, path);
    } catch (error) {
      refuseLocked(error);
      // `samplesOf` lists it as rejected.
    }
  }
  const hint = `give the folder of "mnist serve --feedback-dir", or its ${FEEDBACK_FILE}`;
  throw new ToolkitError('SOURCE_REFUSED', { path, reason: 'no labelled images found', hint });
}

async function* samplesOf(path: string, target: ImageTarget): AsyncGenerator<Sample | Rejection> {
  for await (const { name, line } of linesOf(path)) {
    try {
      yield sampleOf(name, await recordIn(line, path), target);
    } catch (error) {
      refuseLocked(error);
      yield { name, reason: `not a labelled image (${complaintOf(error)})` };
    }
  }
}

async function recordIn(line: string, path: string): Promise<FeedbackRecord> {
  const sealed = sealedIn(line);
  return parseFeedback(sealed ? (await unsealBytes(sealed, path)).toString() : line);
}

/** A line that is damaged is rejected, but one whose key is missing ends the import: the others have the same key. */
function refuseLocked(error: unknown): void {
  if (isKeyError(error) && !(isToolkitError(error) && error.code === 'ENCRYPTION_DAMAGED')) throw error;
}

function sampleOf(name: string, record: FeedbackRecord, target: ImageTarget): Sample {
  const { time, caller, id, index, version, labelName, image } = record;
  const load = async (): Promise<Uint8Array> => {
    return convertPixels({ ...shapeOfRecord(record), data: image }, target);
  };
  const from = caller === undefined ? '' : `, from ${caller}`;
  const origin = `${name}, request ${id}, image ${index}, ${time}, version ${version}${from}`;
  return { name: origin, label: labelName, split: undefined, load };
}

/** The image shape; lines of the first versions lack it, whose images were square, grey or RGB. */
function shapeOfRecord({ image, shape }: FeedbackRecord): Size & { channels: 1 | 3 } {
  const channels = (shape?.channels ?? (Number.isInteger(Math.sqrt(image.length)) ? 1 : 3)) === 1 ? 1 : 3;
  const side = Math.sqrt(image.length / channels);
  const { width, height } = shape ?? { width: side, height: side };
  if (Number.isInteger(width) && width * height * channels === image.length) {
    return { width, height, channels };
  }
  const expected = shape ? `${width}×${height} in ${channels} channels` : 'a square image';
  throw new RejectionError(`${image.length} values, not ${expected}`);
}
