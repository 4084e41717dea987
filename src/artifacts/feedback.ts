import { z } from 'zod';

import { withoutByteOrderMark } from '../core/files.js';
import type { ImageShape } from '../core/images.js';

/** The file of a feedback folder: a JSON object a line. */
export const FEEDBACK_FILE = 'feedback.jsonl';

/** An image that was classified, and what somebody says it shows. */
export interface FeedbackRecord {
  time: string;
  /** Who asked for the classification and gave the label: "token ID" or, without tokens, "address A"; missing in old lines. */
  caller?: string | undefined;
  /** The request that it came with, and its place in it. */
  id: string;
  index: number;
  /** The version that classified it, and as what. */
  version: string;
  predicted: number;
  label: number;
  labelName: string;
  /** Those of the model; missing in lines of the first versions of this toolkit. */
  classNames?: readonly string[] | undefined;
  shape?: ImageShape | undefined;
  /** As the model saw it: pixels from 0 to 255. */
  image: Uint8Array;
}

const side = z.int().min(1).max(1024);

const lineSchema = z.object({
  time: z.string(),
  caller: z.string().max(200).optional(),
  id: z.string(),
  index: z.int().min(0),
  version: z.string(),
  predicted: z.int().min(0),
  label: z.int().min(0),
  labelName: z.string(),
  classNames: z.array(z.string()).min(1).max(256).optional(),
  shape: z.object({ height: side, width: side, channels: z.int().min(1).max(3) }).optional(),
  image: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
});

/** A record as its line, with the line's end. */
export function encodeFeedback({ image, ...record }: FeedbackRecord): string {
  return `${JSON.stringify({ ...record, image: Buffer.from(image).toString('base64') })}\n`;
}

/** A line as its record. Throws where it is none. */
export function parseFeedback(line: string): FeedbackRecord {
  return lineSchema.parse(JSON.parse(withoutByteOrderMark(line)));
}
