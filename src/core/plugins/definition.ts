import type { z } from 'zod';

import { fieldsOf } from '../config/fields.js';
import type { Configurable } from '../config/resolve.js';
import { messageOf } from '../errors.js';

/** A plug-in's definition, as the functions `defineModel`, `defineOptimizer` and so on return it. */
export type PluginDefinition = Configurable;

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const OPTION = /^[a-z][a-zA-Z0-9]*$/;
const SUMMARY = /^\S[^\n]{0,200}$/;

/** Whether an exported value is meant as a definition. */
export function isDefinition(value: unknown): value is PluginDefinition {
  return typeof value === 'object' && value !== null && 'name' in value && 'options' in value;
}

/** What is wrong with a definition, for a message; undefined if it can be used. */
export function complaintAbout(definition: PluginDefinition, calls: readonly string[]): string | undefined {
  const { name, summary, options } = definition as Partial<Record<keyof PluginDefinition, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    return `its name is ${JSON.stringify(name)}, but must be lowercase words with dashes, such as "my-net"`;
  }
  if (typeof summary !== 'string' || !SUMMARY.test(summary)) return `${name} has no summary of one line`;
  const missing = calls.find((call) => typeof (definition as never)[call] !== 'function');
  if (missing !== undefined) return `${name} has no function "${missing}"`;
  if (typeof options !== 'object' || options === null || !('_zod' in options) || !('shape' in options)) {
    return `the options of ${name} are not a zod 4 object schema: use the z of "mnist-train/plugins"`;
  }
  return complaintAboutOptions(name, options as unknown as z.ZodObject);
}

function complaintAboutOptions(plugin: string, schema: z.ZodObject): string | undefined {
  try {
    for (const { key, description } of fieldsOf(schema).values()) {
      if (!OPTION.test(key)) return `option ${JSON.stringify(key)} of ${plugin} must be camelCase`;
      if (description === '') return `option ${key} of ${plugin} has no description: .meta({ description })`;
    }
    const { success, error } = schema.safeParse({});
    return success ? undefined : `option ${String(error.issues[0]?.path[0])} of ${plugin} has no default`;
  } catch (error) {
    return `the options of ${plugin} cannot become flags: ${messageOf(error)}`;
  }
}
