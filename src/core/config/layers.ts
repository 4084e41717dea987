import { readFile } from 'node:fs/promises';

import { ToolkitError, messageOf, systemCodeOf } from '../errors.js';
import { flagOf, parseText, type Field } from './fields.js';
import { resolveOptions, type Layer, type OptionSpace, type Resolved } from './resolve.js';

/** The settings given on the command line, already in the types of their fields. */
export function flagLayer(values: Readonly<Record<string, unknown>>): Layer {
  return { values, origin: () => 'the command line', label: flagOf };
}

/** The settings that a program passes to a library function. */
export function callerLayer(values: Readonly<Record<string, unknown>>): Layer {
  return { values, origin: () => 'the options', label: (key) => key };
}

/**
 * The settings that a program passes to a library function, validated; defaults fill in what it leaves out. Throws OPTION_UNKNOWN,
 * OPTION_INVALID and OPTION_NOT_APPLICABLE.
 */
export function callerOptions<Space extends OptionSpace>(
  space: Space,
  values: Readonly<Record<string, unknown>>,
): Resolved<Space> {
  return resolveOptions(space, [callerLayer(values)]).values;
}

/** The settings that environment variables make, each named as its field says; other variables are left alone. */
export function environmentLayer(fields: ReadonlyMap<string, Field>, environment: NodeJS.ProcessEnv): Layer {
  const values: Record<string, unknown> = {};
  for (const field of fields.values()) {
    const text = environment[field.variable];
    if (text !== undefined && text !== '') values[field.key] = parseText(field, text);
  }
  const variable = (key: string): string => fields.get(key)?.variable ?? key;
  return { values, origin: () => 'the environment', label: variable };
}

/**
 * The settings in a JSON file. Throws CONFIG_UNREADABLE.
 *
 * @param elsewhere keys that mean something to other commands, and are passed over here
 */
export async function fileLayer(path: string, elsewhere: ReadonlySet<string> = new Set()): Promise<Layer> {
  const values = Object.entries(await readObject(path)).filter(([key]) => !elsewhere.has(key));
  return { values: Object.fromEntries(values), origin: () => path, label: (key) => key };
}

async function readObject(path: string): Promise<object> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const reason = systemCodeOf(error) === 'ENOENT' ? 'not found' : `cannot be read (${messageOf(error)})`;
    throw new ToolkitError('CONFIG_UNREADABLE', { path, reason }, { cause: error });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
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
