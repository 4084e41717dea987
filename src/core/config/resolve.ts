import type { z } from 'zod';

import { ToolkitError } from '../errors.js';
import { nearest, type Named, type Registry } from '../registry.js';
import { refuseIneffective } from './effect.js';
import { fieldsOf, nestedPlace, variableOf, type Field } from './fields.js';
import { meansOther, settingsLeftOut, type LeftOut } from './left-out.js';

/** A plug-in whose options are part of the configuration. */
export interface Configurable<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Named<Name> {
  readonly options: Options;
  /** The kind of its registry: "model". */
  readonly kind?: string;
}

/** An option that selects a plug-in, such as `model`; the plug-in adds its own options, such as `hiddenLayers`. */
export interface Choice<Entry extends Configurable = Configurable> {
  readonly registry: Registry<Entry>;
  readonly fallback: string;
  readonly description: string;
  /** Files that may stand in the place of a name, by how they end, and the option that takes them. */
  readonly files?: { readonly endings: readonly string[]; readonly option: string };
}

/** All options of a command: its own fields, and plug-ins with theirs. */
export interface OptionSpace<
  Fields extends z.ZodObject = z.ZodObject,
  Choices extends Record<string, Choice> = Record<string, Choice>,
> {
  readonly fields: Fields;
  readonly choices: Choices;
}

/** The settings of one plug-in: its name and its options. */
export type Chosen<Entry> =
  Entry extends Configurable<infer Name, infer Options> ? { name: Name } & z.output<Options> : never;

/** The settings of a plug-in of a registry. */
export type ChosenFrom<Plugins> =
  Plugins extends Registry<infer Entry extends Configurable> ? Chosen<Entry> : never;

/** A validated configuration. */
export type Resolved<Space extends OptionSpace> = Readonly<
  z.output<Space['fields']> & {
    [Key in keyof Space['choices']]: Space['choices'][Key] extends Choice<infer Entry>
      ? Chosen<Entry>
      : never;
  }
>;

/** Settings from one source, such as the command line or a file. */
export interface Layer {
  readonly values: Readonly<Record<string, unknown>>;
  /** The source of the settings, for messages: "configs/article.json". */
  readonly origin: (key: string) => string;
  /** The name of an option in that source: `--learning-rate`, `learningRate`. */
  readonly label: (key: string) => string;
  /** Whether its settings may be meant for other commands too, as those of a file and of the environment. */
  readonly isShared?: boolean;
}

export interface Resolution<Space extends OptionSpace> {
  values: Resolved<Space>;
  /** The settings with all keys on one level, as in a configuration file. */
  flat: Readonly<Record<string, unknown>>;
  /** The origin of each. */
  origins: ReadonlyMap<string, string>;
  /** Settings that were not used because they belong to another plug-in, though the chosen one has an option of that name. */
  leftOut: readonly LeftOut[];
}

interface Setting {
  value: unknown;
  /** The layer's place in the order of precedence, 0 for the highest. */
  rank: number;
  layer: Layer;
}

export const DEFAULT_ORIGIN = 'the default';

/** Every option of a space by key: its own, the names of plug-ins, and the options of all plug-ins that can be chosen. */
export function allFields(space: OptionSpace): Map<string, Field> {
  const fields = new Map(fieldsOf(space.fields));
  for (const [key, choice] of Object.entries(space.choices)) {
    fields.set(key, choiceField(key, choice));
    for (const [name, field] of optionFields(choice)) fields.set(name, { ...field, choice: key });
  }
  return fields;
}

/** The options of a choice's plug-ins; if several have an option of the same name, the first description is used. */
export function optionFields({ registry }: Choice): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const { name, options } of registry) {
    for (const [key, field] of fieldsOf(options)) {
      const { plugins = new Map<string, unknown>(), ...known } = fields.get(key) ?? field;
      fields.set(key, { ...known, plugins: new Map([...plugins, [name, field.fallback]]) });
    }
  }
  return fields;
}

function choiceField(key: string, { registry, fallback, description }: Choice): Field {
  return {
    key,
    description,
    kind: 'text',
    allowed: `one of ${registry.names.join(', ')}`,
    values: registry.names,
    fallback,
    placeholder: 'NAME',
    variable: variableOf(key),
  };
}

/**
 * Merges layers in order of precedence and validates the result once. Options of a plug-in apply only with that plug-in: if a
 * higher layer selects another one, the options of the lower layer's plug-in are dropped.
 *
 * Throws OPTION_UNKNOWN, OPTION_INVALID, OPTION_NOT_APPLICABLE, or USAGE for an option that has no effect without another.
 */
export function resolveOptions<Space extends OptionSpace>(
  space: Space,
  layers: readonly Layer[],
): Resolution<Space> {
  const known = allFields(space);
  for (const layer of layers) refuseUnknown(layer, known);
  const settings = merge(layers);
  const origins = new Map<string, string>();
  const flat: Record<string, unknown> = {};
  const chosen: Record<string, unknown> = {};
  const taken = new Set<string>();
  const leftOut: LeftOut[] = [];

  for (const [key, choice] of Object.entries(space.choices)) {
    const { plugin, options } = resolveChoice(key, choice, settings, layers);
    taken.add(key);
    for (const name of optionFields(choice).keys()) taken.add(name);
    const parsed = parse(plugin.options, options);
    leftOut.push(...settingsLeftOut(key, { name: plugin.name, parsed, options }, layers));
    chosen[key] = deepFreeze({ name: plugin.name, ...parsed });
    Object.assign(flat, { [key]: plugin.name }, parsed);
    note(origins, [key], settings);
    note(origins, Object.keys(parsed), options);
  }

  const own = new Map([...settings].filter(([key]) => !taken.has(key)));
  const parsed = parse(space.fields, own);
  note(origins, Object.keys(parsed), own);
  refuseIneffective(known, settings, (key, value) => {
    return typeof value === 'string' && space.choices[key]?.registry.originOf(value) !== undefined;
  });
  const values = deepFreeze({ ...parsed, ...chosen }) as Resolved<Space>;
  return { values, flat: deepFreeze({ ...parsed, ...flat }), origins, leftOut };
}

/** Adds the defaults to options that are already valid. */
export function withDefaults<Fields extends z.ZodObject>(
  fields: Fields,
  options: { [Key in keyof z.output<Fields>]?: z.output<Fields>[Key] | undefined },
): z.output<Fields> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...fields.parse({}), ...Object.fromEntries(given) };
}

function refuseUnknown(layer: Layer, known: ReadonlyMap<string, Field>): void {
  for (const key of Object.keys(layer.values)) {
    if (known.has(key)) continue;
    const suggestion = nearest(key, [...known.keys()]);
    throw new ToolkitError('OPTION_UNKNOWN', {
      option: layer.label(key),
      origin: layer.origin(key),
      nearest: suggestion === undefined ? undefined : layer.label(suggestion),
      help: '--help lists the options',
    });
  }
}

function merge(layers: readonly Layer[]): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  layers.forEach((layer, rank) => {
    for (const [key, value] of Object.entries(layer.values)) {
      if (value !== undefined && !settings.has(key)) settings.set(key, { value, rank, layer });
    }
  });
  return settings;
}

function resolveChoice(
  key: string,
  choice: Choice,
  settings: ReadonlyMap<string, Setting>,
  layers: readonly Layer[],
): { plugin: Configurable; options: Map<string, Setting> } {
  const named = settings.get(key);
  const name = named?.value ?? choice.fallback;
  const plugin = typeof name === 'string' ? choice.registry.get(name) : undefined;
  if (!plugin) throw invalid(key, named, choiceField(key, choice).allowed, choice.registry.names);

  const own = fieldsOf(plugin.options);
  const options = new Map<string, Setting>();
  for (const optionKey of optionFields(choice).keys()) {
    const setting = effective(optionKey, key, plugin.name, layers);
    if (!setting) continue;
    if (own.has(optionKey)) options.set(optionKey, setting);
    else if (setting.rank <= (named?.rank ?? Infinity))
      throw notApplicable(optionKey, setting, key, plugin.name, own);
  }
  return { plugin, options };
}

/** The first setting of an option, ignoring layers that select another plug-in. */
function effective(
  optionKey: string,
  choiceKey: string,
  plugin: string,
  layers: readonly Layer[],
): Setting | undefined {
  const rank = layers.findIndex((layer) => {
    return layer.values[optionKey] !== undefined && !meansOther(layer, choiceKey, plugin);
  });
  const layer = layers[rank];
  return layer && { value: layer.values[optionKey], rank, layer };
}

function parse(schema: z.ZodObject, settings: ReadonlyMap<string, Setting>): Record<string, unknown> {
  const values = Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = String(issue?.path[0]);
  const field = fieldsOf(schema).get(key);
  const setting = settings.get(key);
  if (issue && issue.path.length > 1 && setting && field?.kind === 'structure')
    throw invalidInside(schema, issue, setting);
  throw invalid(key, setting, field?.allowed ?? issue?.message ?? 'another value', field?.values);
}

/** The error for a part of a structured value. */
function invalidInside(
  schema: z.ZodObject,
  issue: z.core.$ZodIssue,
  { value, layer }: Setting,
): ToolkitError {
  const key = String(issue.path[0]);
  const [unknownKey] = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const path = unknownKey === undefined ? issue.path : [...issue.path, unknownKey];
  const place = nestedPlace(schema, path, value);
  const option = `${layer.label(key)}${place.suffix}`;
  if (unknownKey === undefined) {
    return new ToolkitError('OPTION_INVALID', {
      option,
      value: textOf(place.value),
      origin: layer.origin(key),
      allowed: place.allowed ?? issue.message,
    });
  }
  return new ToolkitError('OPTION_UNKNOWN', {
    option,
    origin: layer.origin(key),
    nearest: nearest(unknownKey, place.siblings),
    help: `known keys: ${place.siblings.join(', ')}`,
  });
}

function invalid(
  key: string,
  setting: Setting | undefined,
  allowed: string,
  names?: readonly string[],
): ToolkitError {
  const value = setting?.value;
  const suggestion = typeof value === 'string' && names ? nearest(value, names) : undefined;
  return new ToolkitError('OPTION_INVALID', {
    option: setting?.layer.label(key) ?? key,
    value: textOf(value),
    origin: setting?.layer.origin(key) ?? DEFAULT_ORIGIN,
    allowed: suggestion === undefined ? allowed : `${allowed} (did you mean ${suggestion}?)`,
  });
}

function textOf(value: unknown): string {
  if (value === undefined) return 'missing';
  // JSON.stringify would turn Infinity into null.
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function notApplicable(
  key: string,
  { layer }: Setting,
  choiceKey: string,
  plugin: string,
  own: ReadonlyMap<string, Field>,
): ToolkitError {
  const options = [...own.keys()].map((name) => layer.label(name)).join(', ');
  return new ToolkitError('OPTION_NOT_APPLICABLE', {
    option: layer.label(key),
    origin: layer.origin(key),
    plugin: `--${choiceKey} ${plugin}`,
    options: options === '' ? 'no options' : options,
  });
}

function note(
  origins: Map<string, string>,
  keys: readonly string[],
  used: ReadonlyMap<string, Setting>,
): void {
  for (const key of keys) origins.set(key, used.get(key)?.layer.origin(key) ?? DEFAULT_ORIGIN);
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
