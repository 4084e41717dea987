import { z } from 'zod';

import { messageOf } from './errors.js';
import { shortened } from './format.js';

/** Messages quote the rejected value, which may be megabytes long. */
const MAX_LENGTH = 500;

/** Summarises a zod error in one line: the path and message of the first issue. */
export function complaintOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return shortened(messageOf(error).split('\n')[0] ?? '', MAX_LENGTH);
  const [issue] = error.issues;
  const place = shortened(issue?.path.join('.') ?? '');
  const complaint = shortened(issue?.message ?? 'invalid', MAX_LENGTH);
  return place === '' ? complaint : `${place}: ${complaint}`;
}
