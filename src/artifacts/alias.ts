import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { ToolkitError, systemCodeOf } from '../core/errors.js';
import { writeFileAtomically } from '../core/files.js';
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
});

const aliasSchema = z.strictObject({
  format: z.literal('mnist-train/alias'),
  version: z.literal(1),
  events: z.array(eventSchema).min(1),
});

/** A change of what an alias means. */
export type AliasEvent = z.infer<typeof eventSchema>;

/**
 * Everything that an alias has meant, the oldest first; empty where it has never been given. The present meaning and the
 * history are one file, so that no interruption can make them differ. Throws MODEL_CORRUPT.
 */
export async function readAlias(path: string): Promise<AliasEvent[]> {
  try {
    return aliasSchema.parse(JSON.parse(await readFile(path, 'utf8'))).events;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
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
