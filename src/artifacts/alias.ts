import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { readTextWithin, writeFileAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';

/** What a version can be called: the one to try, and the one to serve. */
export const aliasNames = ['candidate', 'production'] as const;

export type AliasName = (typeof aliasNames)[number];

const eventSchema = z.strictObject({
  action: z.enum(['register', 'promote', 'rollback']),
  /** The version that the alias has meant since. */
  version: z.int().min(1),
  at: z.iso.datetime(),
  actor: z.string(),
  /** The line of the audit log that announced it; absent in events from before it was recorded. */
  log: z.strictObject({ sequence: z.int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
});

const aliasSchema = z.strictObject({
  format: z.literal('mnist-train/alias'),
  version: z.literal(1),
  events: z.array(eventSchema).min(1),
});

/** A history of a hundred thousand changes. */
const MAX_BYTES = 32 * 2 ** 20;

/** A change of what an alias means. */
export type AliasEvent = z.infer<typeof eventSchema>;

/**
 * Everything that an alias has meant, the oldest first; empty where it has never been given. The present meaning and the
 * history are one file, so that no interruption can make them differ. Throws MODEL_CORRUPT.
 */
export async function readAlias(path: string): Promise<AliasEvent[]> {
  try {
    const text = await readTextWithin(path, MAX_BYTES);
    return text === undefined ? [] : aliasSchema.parse(JSON.parse(text)).events;
  } catch (error) {
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/** Switches an alias: readers see what it meant before or what it means now, and nothing between. */
export async function writeAlias(path: string, events: readonly AliasEvent[]): Promise<void> {
  const alias = aliasSchema.parse({ format: 'mnist-train/alias', version: 1, events });
  await writeFileAtomically(path, `${JSON.stringify(alias, undefined, 2)}\n`);
}

/** The version that an alias meant before the present one came: promotions pile up, and a rollback takes one off. */
export function versionBefore(events: readonly AliasEvent[]): number | undefined {
  const stack: number[] = [];
  for (const { action, version } of events) {
    if (action === 'rollback') stack.pop();
    else stack.push(version);
  }
  return stack.at(-2);
}
