import { fieldsOf, type Field } from '../core/config/fields.js';
import { allFields, type OptionSpace } from '../core/config/resolve.js';
import { isCommon, presentationFields, type Command, type CommandEntry } from './command.js';
import type { CommandShape, OptionNames } from './shape.js';

/** What a command line of a command may hold. */
export function shapeOf({ summary, positionals, examples, space }: Command): CommandShape {
  const fields = new Map([...allFields(space), ...fieldsOf(presentationFields)]);
  const options = [...fields.values()].map((field) => ({
    ...field,
    group: groupOf(field, space),
    isCommon: isCommon(field.key),
  }));
  return { summary, positionals, examples, options };
}

function groupOf({ key, choice, plugins }: Field, { choices }: OptionSpace): string {
  if (isCommon(key)) return 'Common options:';
  if (choice === undefined || !plugins) return 'Options:';
  const isShared = plugins.size === choices[choice]?.registry.names.length;
  return isShared
    ? `Options for every --${choice}:`
    : `Options for --${choice} ${[...plugins.keys()].join(', ')}:`;
}

/** The options of some commands, each once; loads them all. */
export async function optionNamesOf(commands: readonly CommandEntry[]): Promise<OptionNames> {
  const spaces = await Promise.all(commands.map(async (entry) => (await entry.load()).space));
  const fields = spaces.flatMap((space) => [...allFields(space).values()]);
  return {
    keys: [...new Set(fields.map(({ key }) => key))],
    variables: [...new Set(fields.map(({ variable }) => variable))],
  };
}
