import { environmentLayer, fileLayer, flagLayer } from '../core/config/layers.js';
import { fieldsOf } from '../core/config/fields.js';
import {
  allFields,
  resolveOptions,
  type Layer,
  type OptionSpace,
  type Resolution,
} from '../core/config/resolve.js';
import type { Emit } from '../core/events.js';
import { loadNamedPlugins } from '../core/plugins/named-plugins.js';
import { nearest } from '../core/registry.js';
import type { ParsedArguments } from './arguments.js';
import { presentationFields, type Command, type Presentation } from './command.js';
import { commands } from './commands/index.js';
import { builtOptionNames, type OptionNames } from './shape.js';
import { optionNamesOf } from './shape-of.js';

/** Prefix of our environment variables. */
const PREFIX = 'MNIST_';

const presentationSpace = { fields: presentationFields, choices: {} };

/** The output options of a command. Throws OPTION_INVALID. */
export function resolvePresentation(
  values: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv,
): Presentation {
  const [presentation] = partition(values);
  const layers = [flagLayer(presentation), environmentLayer(fieldsOf(presentationFields), environment)];
  return resolveOptions(presentationSpace, layers).values;
}

/** A command's settings, merged from flags, environment, file and defaults, and validated. */
export async function resolveSettings<Space extends OptionSpace>(
  command: Command<Space>,
  { values, positionals }: Pick<ParsedArguments, 'values' | 'positionals'>,
  { config }: Presentation,
  environment: NodeJS.ProcessEnv,
): Promise<Resolution<Space>> {
  const [, own] = partition(values);
  const fields = allFields(command.space);
  const layers: Layer[] = [flagLayer(own), environmentLayer(fields, environment)];
  if (config !== undefined)
    layers.push(await fileLayer(config, await optionsElsewhere(new Set(fields.keys()))));
  const named = await loadNamedPlugins(command.space, layers);
  return command.resolve ? command.resolve(named, positionals) : resolveOptions(command.space, named);
}

/** Warns of variables that no command knows, and that look like one that a command knows. */
export async function warnOfVariables(
  { space }: Command,
  environment: NodeJS.ProcessEnv,
  emit: Emit,
): Promise<void> {
  const known = new Set(['OFFLINE', ...variablesOf(space), ...variablesOf(presentationSpace)]);
  const isUnknown = (name: string): boolean => !known.has(name);
  const set = Object.keys(environment).filter((name) => name.startsWith(PREFIX));
  const unknown = set.map((name) => name.slice(PREFIX.length)).filter(isUnknown);
  if (unknown.length === 0) return;
  for (const name of (await allOptionNames()).variables) known.add(name.slice(PREFIX.length));
  for (const name of unknown.filter(isUnknown)) {
    const suggestion = nearest(name, [...known]);
    if (suggestion === undefined) continue;
    emit({
      event: 'warning',
      code: 'VARIABLE_UNKNOWN',
      message: `unknown environment variable ${PREFIX}${name}`,
      hint: `did you mean ${PREFIX}${suggestion}?`,
    });
  }
}

/** Says which settings of a file or of the environment do not hold, because a higher one chooses another plug-in. */
export function reportLeftOut({ leftOut }: Pick<Resolution<OptionSpace>, 'leftOut'>, emit: Emit): void {
  for (const { option, value, origin, meantFor, chosen, used } of leftOut) {
    const inPlace = used === undefined ? 'it is left out' : `${JSON.stringify(used)} holds instead`;
    emit({
      event: 'notice',
      message: `${option} ${JSON.stringify(value)} (from ${origin}) is meant for ${meantFor}; with ${chosen}, ${inPlace}`,
    });
  }
}

/** The environment variables that set a space's options, without the prefix. */
function variablesOf(space: OptionSpace): string[] {
  return [...allFields(space).values()].map(({ variable }) => variable.slice(PREFIX.length));
}

/** Splits flags into output options and the command's own. */
function partition(
  values: Readonly<Record<string, unknown>>,
): [Record<string, unknown>, Record<string, unknown>] {
  const isPresentation = ([key]: [string, unknown]): boolean => key in presentationFields.shape;
  const entries = Object.entries(values);
  return [
    Object.fromEntries(entries.filter(isPresentation)),
    Object.fromEntries(entries.filter((entry) => !isPresentation(entry))),
  ];
}

/** The options that only other commands have: one file may hold the options of several commands. */
async function optionsElsewhere(own: ReadonlySet<string>): Promise<Set<string>> {
  const { keys } = await allOptionNames();
  return new Set(keys.filter((key) => !own.has(key)));
}

/** As the build wrote them down, so that the commands need not be loaded. */
async function allOptionNames(): Promise<OptionNames> {
  return (await builtOptionNames()) ?? optionNamesOf(commands);
}
