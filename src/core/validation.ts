import { z } from 'zod';

import { messageOf } from './errors.js';
import { shortened } from './format.js';

/** Messages quote what was refused, which may be megabytes. */
const MAX_LENGTH = 500;

/** What is wrong with a value that a zod schema refused, in one line: the place and the first complaint. */
export function complaintOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return shortened(messageOf(error).split('\n')[0] ?? '', MAX_LENGTH);
  const [issue] = error.issues;
  const place = shortened(issue?.path.join('.') ?? '');
  const complaint = shortened(issue?.message ?? 'invalid', MAX_LENGTH);
  return place === '' ? complaint : `${place}: ${complaint}`;
}
