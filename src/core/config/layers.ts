import { readFile } from 'node:fs/promises';

import { ToolkitError, messageOf, systemCodeOf } from '../errors.js';
import { decodeText } from '../formats/text.js';
import { flagOf, parseText, type Field } from './fields.js';
import type { Layer } from './resolve.js';

/** The settings from the command line, already parsed. */
export function flagLayer(values: Readonly<Record<string, unknown>>): Layer {
  return { values, origin: () => 'the command line', label: flagOf };
}

/** The settings that a program passes to a library function. */
export function callerLayer(values: Readonly<Record<string, unknown>>): Layer {
  return { values, origin: () => 'the options', label: (key) => key };
}

/** What the first of some layers says that says anything of an option. */
export function firstValue(layers: readonly Layer[], key: string): unknown {
  return layers.find(({ values }) => values[key] !== undefined)?.values[key];
}

/** The settings from environment variables; unknown variables are ignored. */
export function environmentLayer(fields: ReadonlyMap<string, Field>, environment: NodeJS.ProcessEnv): Layer {
  const values: Record<string, unknown> = {};
  for (const field of fields.values()) {
    const text = environment[field.variable];
    if (text !== undefined && text !== '') values[field.key] = parseText(field, text);
  }
  const variable = (key: string): string => fields.get(key)?.variable ?? key;
  return { values, origin: () => 'the environment', label: variable, isShared: true };
}

/**
 * The settings in a JSON file. Throws CONFIG_UNREADABLE.
 *
 * @param elsewhere keys of other commands, which are ignored
 */
export async function fileLayer(path: string, elsewhere: ReadonlySet<string> = new Set()): Promise<Layer> {
  const values = Object.entries(await readObject(path)).filter(([key]) => !elsewhere.has(key));
  return { values: Object.fromEntries(values), origin: () => path, label: (key) => key, isShared: true };
}

async function readObject(path: string): Promise<object> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const reason = systemCodeOf(error) === 'ENOENT' ? 'not found' : `cannot be read (${messageOf(error)})`;
    throw new ToolkitError('CONFIG_UNREADABLE', { path, reason }, { cause: error });
  });
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes));
  } catch (error) {
    throw new ToolkitError(
      'CONFIG_UNREADABLE',
      { path, reason: `not JSON: ${messageOf(error)}` },
      { cause: error },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ToolkitError('CONFIG_UNREADABLE', { path, reason: 'not a JSON object' });
}
