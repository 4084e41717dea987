import { z } from 'zod';

import { ToolkitError } from '../errors.js';
import { openRegistry } from '../registry.js';

/**
 * What a checkpoint says of a plug-in that it needs. Nothing is loaded from it, as anybody may have written it: `module` only serves the
 * message that asks for the plug-in.
 */
export const pluginRecord = z.strictObject({
  kind: z.string().max(100),
  name: z.string().max(1000),
  module: z.string().max(1000),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type PluginRecord = z.output<typeof pluginRecord>;

/** A path that needs no quotes in a shell, and that no option can be hidden in. */
const PLAIN = /^[\w.@/][\w.@/-]*$/;

/** The record of an entry of a registry; undefined for our own. */
export function recordOf(kind: string, name: string): PluginRecord | undefined {
  const origin = openRegistry(kind)?.originOf(name);
  return origin && { kind, name, module: origin.module, sha256: origin.sha256 };
}

/**
 * Requires that an entry of a registry is the one that a checkpoint was made with: the same plug-in, or our own. Throws PLUGIN_NEEDED,
 * PLUGIN_CHANGED, and CHECKPOINT_REFUSED where a plug-in has the name of what was our own.
 *
 * @param records those of the checkpoint
 */
export function requireRecorded(
  path: string,
  records: readonly PluginRecord[],
  kind: string,
  name: string,
): void {
  const record = records.find((candidate) => candidate.kind === kind && candidate.name === name);
  const origin = openRegistry(kind)?.originOf(name);
  const what = `${kind} "${name}"`;
  if (!record) {
    if (!origin) return;
    const reason = `its ${what} is not that of ${origin.module}`;
    throw new ToolkitError('CHECKPOINT_REFUSED', { path, reason });
  }
  const { module, sha256 } = record;
  if (!origin) {
    const shown = PLAIN.test(module) ? module : 'FILE';
    const hint = `add --plugin ${shown} if you trust it: a checkpoint never loads code by itself`;
    throw new ToolkitError('PLUGIN_NEEDED', { path, what, module: shown, hint });
  }
  if (origin.sha256 === sha256 || origin.acceptsChanges) return;
  const hashes = { stored: sha256.slice(0, 12), found: origin.sha256.slice(0, 12) };
  throw new ToolkitError('PLUGIN_CHANGED', { path, what, module: origin.module, ...hashes });
}
