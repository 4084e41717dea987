import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename,join } from 'node:path';
import { createInterface } from 'node:readline';

import { FEEDBACK_FILE,parseFeedback,type FeedbackRecord } from '../../../artifacts/feedback.js';
import { ToolkitError } from '../../../core/errors.js';
import { readError } from '../../../core/files.js';
import { complaintOf } from '../../../core/validation.js';
import { convertPixels,type ImageTarget } from '../../imaging/importing/decode.js';
import { shapeOf,targetFor,type Sample } from '../sample.js';
import { RejectionError,type Rejection } from '../../rejection.js';
import { sampleKind } from './source-kind.js';

/** What `mnist serve --feedback-dir` keeps: images as the model saw them, with the labels that people gave. */
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
    const { size, channels } = shapeOfRecord(first);
    const target = targetFor(options, { size, channels });
    const { classNames } = first;
    return { shape: shapeOf(target), total: undefined, classNames, samples: samplesOf(path, target) };
  },
});

async function findFile(place: string): Promise<string | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isDirectory()) return found && /\.jsonl$/i.test(place) ? place : undefined;
  const path = join(place, FEEDBACK_FILE);
  return (await stat(path).catch(() => undefined))?.isFile() ? path : undefined;
}

async function* linesOf(path: string): AsyncGenerator<{ name: string; line: string }> {
  const stream = createReadStream(path, { encoding: 'utf8' });
  let number = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      number++;
      if (line.trim() !== '') yield { name: `${basename(path)}:${number}`, line };
    }
  } catch (error) {
    throw readError(error, path);
  } finally {
    stream.destroy();
  }
}

/** The first line that can be read: all of a file are of one model. Throws SOURCE_REFUSED where there is none. */
async function firstRecord(path: string): Promise<FeedbackRecord> {
  for await (const { line } of linesOf(path)) {
    try {
      return parseFeedback(line);
    } catch {
      // It is listed among the rejected when its turn comes.
    }
  }
  const hint = `give the folder of "mnist serve --feedback-dir", or its ${FEEDBACK_FILE}`;
  throw new ToolkitError('SOURCE_REFUSED', { path, reason: 'it holds no labelled image', hint });
}

async function* samplesOf(path: string, target: ImageTarget): AsyncGenerator<Sample | Rejection> {
  for await (const { name, line } of linesOf(path)) {
    try {
      yield sampleOf(name, parseFeedback(line), target);
    } catch (error) {
      yield { name, reason: `not a labelled image (${complaintOf(error)})` };
    }
  }
}

function sampleOf(name: string, record: FeedbackRecord, target: ImageTarget): Sample {
  const { time, caller, id, index, version, labelName, image } = record;
  const load = async (): Promise<Uint8Array> => {
    const { size, channels } = shapeOfRecord(record);
    return convertPixels({ width: size, height: size, channels, data: image }, target);
  };
  const from = caller === undefined ? '' : `, from ${caller}`;
  const origin = `${name}, request ${id}, image ${index}, ${time}, version ${version}${from}`;
  return { name: origin, label: labelName, split: undefined, load };
}

/** Lines of the first versions do not say it; models have square images, grey or coloured. */
function shapeOfRecord({ image, shape }: FeedbackRecord): { size: number; channels: 1 | 3 } {
  const channels = (shape?.channels ?? (Number.isInteger(Math.sqrt(image.length)) ? 1 : 3)) === 1 ? 1 : 3;
  const size = shape?.width ?? Math.sqrt(image.length / channels);
  const isSquare = shape === undefined || shape.height === shape.width;
  if (isSquare && Number.isInteger(size) && size * size * channels === image.length) {
    return { size, channels };
  }
  throw new RejectionError(`${image.length} pixels, which make no square image`);
}
