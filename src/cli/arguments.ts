import { Command as Program, Argument, CommanderError, Help, Option } from 'commander';

import { allFields, optionFields, type OptionSpace } from '../core/config/resolve.js';
import { flagOf, fieldsOf, isFreeText, parseText, type Field } from '../core/config/fields.js';
import { ToolkitError } from '../core/errors.js';
import { nearest } from '../core/registry.js';
import { isCommon, presentationFields, type Command, type Positional } from './command.js';

/** What was typed, taken apart; nothing is validated yet but the words themselves. */
export interface ParsedArguments {
  positionals: string[];
  /** By the keys of the options; only those that were given. */
  values: Record<string, unknown>;
}

/** The text that `--help` asks for. */
export class HelpRequested extends Error {
  readonly text: string;

  constructor(text: string) {
    super('help was asked for');
    this.text = text;
  }
}

const EFFECT_INDENT = '      ';

/** Help is no wider, however wide the terminal is: long lines are hard to read. */
const MAX_HELP_WIDTH = 110;

/**
 * Takes a command's arguments apart. Throws OPTION_UNKNOWN, USAGE or HelpRequested.
 *
 * @param terminalWidth columns of the terminal that shows the help; undefined where there is none
 */
export function parseArguments(
  name: string,
  command: Command,
  words: readonly string[],
  terminalWidth?: number,
): ParsedArguments {
  const helpWidth = Math.min(terminalWidth ?? MAX_HELP_WIDTH, MAX_HELP_WIDTH);
  const fields = new Map([...allFields(command.space), ...fieldsOf(presentationFields)]);
  let help = '';
  const program = new Program(`mnist ${name}`)
    .description(command.summary)
    .helpOption('-h, --help', 'show this help')
    .configureOutput({ writeOut: (text) => (help += text), writeErr: () => undefined })
    .configureHelp({ helpWidth })
    .addHelpText('before', examplesText(command, helpWidth))
    .exitOverride();
  for (const positional of command.positionals) program.addArgument(argumentFor(positional));
  for (const field of ownFirst(fields.values())) program.addOption(optionFor(field, command));
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') throw new HelpRequested(help);
    throw usageError(error, name, [...fields.values()]);
  }
  const positionals = program.args;
  // commander takes an option that can only be switched off for switched on, unless it is asked what was typed.
  const isTyped = ([key]: [string, unknown]): boolean => program.getOptionValueSource(key) === 'cli';
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(program.opts()).filter(isTyped));
  command.positionals.forEach(({ key }, index) => {
    if (key !== undefined && positionals[index] !== undefined) values[key] = positionals[index];
  });
  return { positionals, values };
}

function argumentFor({ name, description, required, variadic, choices }: Positional): Argument {
  const word = variadic ? `${name}...` : name;
  const argument = new Argument(required ? `<${word}>` : `[${word}]`, description);
  return choices ? argument.choices([...choices]) : argument;
}

function optionFor(field: Field, { space }: Command): Option {
  return plainOption(field).helpGroup(groupOf(field.key, space));
}

function groupOf(key: string, space: OptionSpace): string {
  if (isCommon(key)) return 'Common options:';
  const owner = Object.entries(space.choices).find(([, choice]) => optionFields(choice).has(key));
  if (!owner) return 'Options:';
  const [name, choice] = owner;
  const having = optionFields(choice).get(key)?.plugins;
  const isShared = having?.size === choice.registry.names.length;
  return isShared
    ? `Options for every --${name}:`
    : `Options for --${name} ${[...(having?.keys() ?? [])].join(', ')}:`;
}

function plainOption(field: Field): Option {
  const { key, kind, description, fallback, placeholder } = field;
  const flag = flagOf(key);
  if (kind === 'boolean') {
    // The description of an option that is on by default names what the flag turns off.
    if (fallback === true) return new Option(flag.replace('--', '--no-'), `turn off ${description}`);
    return new Option(flag, description);
  }
  return new Option(`${flag} <${placeholder}>`, `${description}${rangeText(field)}`).argParser((text) =>
    parseText(field, text),
  );
}

function rangeText(field: Field): string {
  const parts = [isFreeText(field) ? '' : field.allowed, defaultText(field)].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** The default; where plug-ins have different ones, each with the plug-ins that have it. */
function defaultText({ fallback, plugins = new Map([['', fallback]]) }: Field): string {
  const owners = new Map<string, string[]>();
  for (const [plugin, value] of plugins) {
    const text = valueText(value);
    owners.set(text, [...(owners.get(text) ?? []), plugin]);
  }
  const texts = [...owners].map(([text, names]) =>
    owners.size === 1 ? text : `${text} for ${names.join(', ')}`,
  );
  return texts.join('') === '' ? '' : `default ${texts.join('; ')}`;
}

/** A value as one types it: `128,64`; nothing for an empty list, and for an option without a default. */
function valueText(value: unknown): string {
  const isPlain = typeof value === 'string' || (Array.isArray(value) && typeof value[0] !== 'object');
  return value === undefined ? '' : isPlain ? String(value) : JSON.stringify(value);
}

function examplesText({ examples }: Command, width: number): string {
  const help = new Help();
  const lines = examples.map(([typed, effect]) => {
    const wrapped = help.boxWrap(effect, Math.max(width - EFFECT_INDENT.length, 40));
    return `  $ ${typed}\n${wrapped.replaceAll(/^/gm, EFFECT_INDENT)}`;
  });
  return `Examples:\n${lines.join('\n')}\n`;
}

function usageError(error: CommanderError, name: string, fields: readonly Field[]): ToolkitError {
  const help = `"mnist ${name} --help" lists the options`;
  const message = error.message.replace(/^error: /, '').split('\n')[0] ?? '';
  const flag = /^unknown option '([^'=]+)/.exec(message)?.[1];
  if (error.code !== 'commander.unknownOption' || flag === undefined) {
    return new ToolkitError('USAGE', { message, hint: help }, { cause: error });
  }
  const meant = nearest(
    flag,
    fields.map(({ key }) => flagOf(key)),
  );
  return new ToolkitError('OPTION_UNKNOWN', {
    option: flag,
    origin: 'the command line',
    nearest: meant,
    help,
  });
}

/** In help, what is special to a command comes before what every command has. */
function ownFirst(fields: Iterable<Field>): Field[] {
  return [...fields].sort((a, b) => Number(isCommon(a.key)) - Number(isCommon(b.key)));
}
