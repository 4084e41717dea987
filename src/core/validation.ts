import { z } from 'zod';

import { messageOf } from './errors.js';

/** What is wrong with a value that a zod schema refused, in one line: the place and the first complaint. */
export function complaintOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return messageOf(error).split('\n')[0] ?? '';
  const [issue] = error.issues;
  const place = issue?.path.join('.') ?? '';
  return place === '' ? (issue?.message ?? 'invalid') : `${place}: ${issue?.message ?? 'invalid'}`;
}
