import { fieldsOf, type Field } from '../config/fields.js';
import { optionFields, type Choice, type Layer, type OptionSpace } from '../config/resolve.js';
import { ToolkitError } from '../errors.js';
import { exists } from '../files.js';
import { isFileSpecifier, isProgram, packageFile, pluginRefused } from './locate.js';
import type { loadPlugin } from './load.js';

/** Loads a plug-in; what that needs is not read where there is none. */
const load: typeof loadPlugin = async (...call) => (await import('./load.js')).loadPlugin(...call);

/**
 * Loads the plug-ins that settings name, in `plugin` or in the place of a registered name, as in `--model ./mine.mjs`. Only for settings of
 * a user: those of a checkpoint must not load code. Throws PLUGIN_REFUSED and PLUGIN_FAILED.
 *
 * @param reserved further options that plug-ins cannot have
 * @returns the layers, with the names of the plug-ins' definitions in the place of their files, and files that are no plug-ins in the option
 *   that takes them
 */
export async function loadNamedPlugins(
  { fields, choices }: OptionSpace,
  layers: readonly Layer[],
  reserved: Iterable<string> = [],
): Promise<Layer[]> {
  const firstValue = (key: string): unknown =>
    layers.find(({ values }) => values[key] !== undefined)?.values[key];
  const acceptsChanges = firstValue('allowChangedPlugins') === true;
  const modules = firstValue('plugin');
  for (const module of Array.isArray(modules) ? (modules as unknown[]) : []) {
    if (typeof module === 'string' && module !== '') await load(module, { acceptsChanges });
  }
  const named: Layer[] = [];
  for (const layer of withFilePlaces(layers, choices)) {
    const places = await withPluginPlaces(layer, fieldsOf(fields));
    named.push(await withNames(places, choices, acceptsChanges));
  }
  refuseTakenOptions(choices, new Set([...Object.keys(fields.shape), ...Object.keys(choices), ...reserved]));
  return named;
}

/**
 * Moves a file that is no plug-in from the place of a name, as in `--model ./model.json`, to the option that takes it. Throws USAGE where that
 * option is set too.
 */
function withFilePlaces(
  layers: readonly Layer[],
  choices: Readonly<Record<string, Choice>>,
): readonly Layer[] {
  return Object.entries(choices).reduce((given, [key, { files }]) => {
    if (!files) return given;
    const { endings, option } = files;
    const isFile = (value: unknown): value is string =>
      typeof value === 'string' && endings.some((ending) => value.toLowerCase().endsWith(ending));
    const chosen = given.find(({ values }) => values[key] !== undefined);
    const other = given.find(({ values }) => values[option] !== undefined);
    return given.map((layer): Layer => {
      const { [key]: value, ...values } = layer.values;
      if (!isFile(value)) return layer;
      // One that another layer overrides says nothing.
      if (layer !== chosen) return { ...layer, values };
      if (other) {
        const message = `${layer.label(key)} ${value} is a model with weights, and ${other.label(option)} names others`;
        throw new ToolkitError('USAGE', { message, hint: 'leave out one of them' });
      }
      const label = (named: string): string => layer.label(named === option ? key : named);
      const origin = (named: string): string => layer.origin(named === option ? key : named);
      return { ...layer, values: { ...values, [option]: value }, label, origin };
    });
  }, layers);
}

/** Moves a plug-in's file from an option that takes places too, as in `--from ./mine.mjs`, to the one that chooses a plug-in. */
async function withPluginPlaces(layer: Layer, fields: ReadonlyMap<string, Field>): Promise<Layer> {
  const values: Record<string, unknown> = { ...layer.values };
  for (const { key, pluginFor } of fields.values()) {
    const value = values[key];
    if (pluginFor === undefined || typeof value !== 'string' || !(await isPluginPlace(value))) continue;
    if (values[pluginFor] !== undefined) {
      const message = `${layer.label(key)} and ${layer.label(pluginFor)} choose the same`;
      throw new ToolkitError('USAGE', { message, hint: `leave ${layer.label(pluginFor)} out` });
    }
    values[pluginFor] = value;
    values[key] = undefined;
  }
  return { ...layer, values };
}

/** Whether a place is a program or an installed package of plug-ins, rather than data. */
async function isPluginPlace(value: string): Promise<boolean> {
  if (isFileSpecifier(value)) return isProgram(value);
  return !(await exists(value)) && (await packageFile(value)) !== undefined;
}

async function withNames(
  layer: Layer,
  choices: Readonly<Record<string, Choice>>,
  acceptsChanges: boolean,
): Promise<Layer> {
  const names: Record<string, string> = {};
  for (const [key, { registry }] of Object.entries(choices)) {
    const value = layer.values[key];
    if (typeof value !== 'string' || registry.calls === undefined || registry.get(value)) continue;
    if (!isFileSpecifier(value) && (await packageFile(value)) === undefined) continue;
    const { definitions } = await load(value, { expected: registry.kind, acceptsChanges });
    const fitting = definitions.filter(({ kind = registry.kind }) => kind === registry.kind);
    names[key] = onlyName(value, key, registry.kind, fitting);
  }
  return Object.keys(names).length === 0 ? layer : { ...layer, values: { ...layer.values, ...names } };
}

function onlyName(
  module: string,
  key: string,
  kind: string,
  [first, ...others]: readonly { name: string }[],
): string {
  if (first && others.length === 0) return first.name;
  const reason = first
    ? `it defines several: ${[first, ...others].map(({ name }) => name).join(', ')}`
    : `it defines no ${kind}`;
  const hint = first
    ? `use --plugin ${module} and --${key} ${first.name}`
    : `docs/plugins.md describes a ${kind}`;
  throw pluginRefused(module, reason, hint);
}

/** An option of a plug-in becomes a flag beside all others: its name must be free, and plug-ins that share one must share its type. */
function refuseTakenOptions(choices: Readonly<Record<string, Choice>>, taken: ReadonlySet<string>): void {
  for (const [key, choice] of Object.entries(choices)) {
    for (const { name, options } of choice.registry) {
      const origin = choice.registry.originOf(name);
      if (!origin) continue;
      for (const field of fieldsOf(options).values()) {
        const reason = conflict(field, key, choices, taken);
        if (reason === undefined) continue;
        choice.registry.remove(name);
        throw pluginRefused(origin.module, reason, 'give the option of the plug-in another name');
      }
    }
  }
}

function conflict(
  { key, kind }: Field,
  choiceKey: string,
  choices: Readonly<Record<string, Choice>>,
  taken: ReadonlySet<string>,
): string | undefined {
  if (taken.has(key)) return `its option ${key} is already an option of this command`;
  for (const [other, choice] of Object.entries(choices)) {
    const field = optionFields(choice).get(key);
    if (!field) continue;
    if (other !== choiceKey) return `its option ${key} is already one of --${other}`;
    if (field.kind !== kind)
      return `its option ${key} is of another type for --${other} ${[...(field.plugins?.keys() ?? [])][0]}`;
  }
  return undefined;
}
