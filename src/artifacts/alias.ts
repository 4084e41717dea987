import { z } from 'zod';

import { ToolkitError } from '../core/errors.js';
import { readTextWithin, writePublicAtomically } from '../core/files.js';
import { complaintOf } from '../core/validation.js';

/** The aliases of a version: the one to test, and the one to serve. */
export const aliasNames = ['candidate', 'production'] as const;

export type AliasName = (typeof aliasNames)[number];

const eventSchema = z.strictObject({
  action: z.enum(['register', 'promote', 'rollback']),
  /** The version that the alias points to since then. */
  version: z.int().min(1),
  at: z.iso.datetime(),
  actor: z.string(),
  /** The audit log record of the change; missing in old events. */
  log: z.strictObject({ sequence: z.int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
});

const aliasSchema = z.strictObject({
  format: z.literal('mnist-train/alias'),
  version: z.literal(1),
  events: z.array(eventSchema).min(1),
});

/** Enough for 100,000 changes. */
const MAX_BYTES = 32 * 2 ** 20;

/** A change of an alias. */
export type AliasEvent = z.infer<typeof eventSchema>;

/**
 * Reads the history of an alias, the oldest change first; empty if it was never set. The current version is the last entry of the
 * same file, so an interruption cannot make the two differ. Throws MODEL_CORRUPT.
 */
export async function readAlias(path: string): Promise<AliasEvent[]> {
  try {
    const text = await readTextWithin(path, MAX_BYTES);
    return text === undefined ? [] : aliasSchema.parse(JSON.parse(text)).events;
  } catch (error) {
    throw new ToolkitError('MODEL_CORRUPT', { path, reason: complaintOf(error) }, { cause: error });
  }
}

/** Whether an alias is, byte by byte, what this program writes for its events. Throws DATA_UNREADABLE. */
export async function isAsWritten(path: string, events: readonly AliasEvent[]): Promise<boolean> {
  const text = await readTextWithin(path, MAX_BYTES);
  return text === undefined ? events.length === 0 : text === encodeAlias(events);
}

function encodeAlias(events: readonly AliasEvent[]): string {
  const alias = aliasSchema.parse({ format: 'mnist-train/alias', version: 1, events });
  return `${JSON.stringify(alias, undefined, 2)}\n`;
}

/** Switches an alias atomically. Throws STORAGE_FULL or STORAGE_DENIED. */
export async function writeAlias(path: string, events: readonly AliasEvent[]): Promise<void> {
  await writePublicAtomically(path, encodeAlias(events));
}

/** The version before the current one: promotions form a stack, and a rollback pops one. */
export function versionBefore(events: readonly AliasEvent[]): number | undefined {
  const stack: number[] = [];
  for (const { action, version } of events) {
    if (action === 'rollback') stack.pop();
    // A version that is approved once more is promoted again.
    else if (stack.at(-1) !== version) stack.push(version);
  }
  return stack.at(-2);
}
