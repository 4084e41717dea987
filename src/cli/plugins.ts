import { environmentLayer, fileLayer, flagLayer } from '../core/config/layers.js';
import { allFields, type Layer } from '../core/config/resolve.js';
import { fieldsOf, flagOf, parseText, type Field } from '../core/config/fields.js';
import { loadNamedPlugins } from '../core/plugins/named-plugins.js';
import { presentationFields, type Command } from './command.js';
import { typedFor } from './shape.js';

/**
 * Loads the plug-ins that a command line, the environment or a configuration file name, before the command line is parsed: their options
 * become flags. Throws PLUGIN_REFUSED and PLUGIN_FAILED.
 */
export async function loadPluginsOf(
  { space }: Command,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const known = allFields(space);
  const keys = ['plugin', 'allowChangedPlugins', ...Object.keys(space.choices)];
  const isOpen = ({ key, pluginFor }: Field): boolean => keys.includes(key) || pluginFor !== undefined;
  const fields = new Map([...known].filter(([, field]) => isOpen(field)));
  const presentation = fieldsOf(presentationFields);
  const layers: Layer[] = [flagLayer(typedValues(words, fields)), environmentLayer(fields, environment)];
  const config = presentation.get('config')!;
  const path = typedValues(words, new Map([['config', config]]))['config'] ?? environment[config.variable];
  if (typeof path === 'string' && path !== '') layers.push(...(await fileSettings(path, fields)));
  await loadNamedPlugins(space, layers, presentation.keys());
}

/** The values of options in a command line that is not parsed yet; of one that is given twice, the last. */
function typedValues(words: readonly string[], fields: ReadonlyMap<string, Field>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, field] of fields) {
    const flag = flagOf(key);
    const text = typedFor(flag, words).at(-1);
    if (text === undefined) continue;
    values[key] = field.kind === 'boolean' && words.includes(flag) ? true : parseText(field, text);
  }
  return values;
}

/** The settings of a file that concern plug-ins; what is wrong with it is said where all of it is read. */
async function fileSettings(path: string, fields: ReadonlyMap<string, Field>): Promise<Layer[]> {
  const layer = await fileLayer(path).catch(() => undefined);
  if (!layer) return [];
  const values = Object.entries(layer.values).filter(([key]) => fields.has(key));
  return [{ ...layer, values: Object.fromEntries(values) }];
}
