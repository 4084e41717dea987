import { z } from 'zod';

import type { ImageShape } from '../core/images.js';

/** The file of a feedback folder: one JSON object per line. */
export const FEEDBACK_FILE = 'feedback.jsonl';

/** A classified image and the label that a person gave it. */
export interface FeedbackRecord {
  time: string;
  /** The client that sent the image and its label: "token ID" or, without tokens, "address A"; missing in old lines. */
  caller?: string | undefined;
  /** The ID of the request, and the position of the image in it. */
  id: string;
  index: number;
  /** The model version, and the class that it predicted. */
  version: string;
  predicted: number;
  label: number;
  labelName: string;
  /** The class names of the model; missing in lines of the first versions of this toolkit. */
  classNames?: readonly string[] | undefined;
  shape?: ImageShape | undefined;
  /** The model's input: pixels from 0 to 255. */
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

/** Encodes a record as a line, including the line end. */
export function encodeFeedback({ image, ...record }: FeedbackRecord): string {
  return `${JSON.stringify({ ...record, image: Buffer.from(image).toString('base64') })}\n`;
}

/** How an encrypted line begins. It is an age file of its own, because an age file cannot be continued. */
const SEALED = /^\{"age":"([A-Za-z0-9+/]+={0,2})"\}$/;

/** A line that holds an encrypted one, including the line end. */
export function sealedLine(sealed: Buffer): string {
  return `${JSON.stringify({ age: sealed.toString('base64') })}\n`;
}

/** The age file in a line; undefined for a line in plaintext. */
export function sealedIn(line: string): Buffer | undefined {
  const [, base64] = SEALED.exec(line.trimEnd()) ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}

/** Parses a line. Throws if it is not a record. */
export function parseFeedback(line: string): FeedbackRecord {
  return lineSchema.parse(JSON.parse(line));
}
