import { Command as Program, Argument, CommanderError, Option } from 'commander';

import { flagOf, isFreeText, parseText, type Field } from '../core/config/field.js';
import { ToolkitError } from '../core/errors.js';
import { nearest } from '../core/registry.js';
import { DEFAULT_WIDTH } from './terminal/width.js';
import { wrapped } from './terminal/wrap.js';
import type { Positional } from './command.js';
import { HelpRequested } from './help.js';
import type { CommandShape, ShapeOption } from './shape.js';

/** The parsed command line; values are not validated yet. */
export interface ParsedArguments {
  positionals: string[];
  /** Values by option key; only those that were given. */
  values: Record<string, unknown>;
}

const EFFECT_INDENT = '      ';

/** Limits of the help's width: long lines are hard to read, and descriptions need some space beside the flags. */
const MIN_HELP_WIDTH = 60;
const MAX_HELP_WIDTH = 110;

/**
 * Parses a command's arguments. Throws OPTION_UNKNOWN, USAGE or HelpRequested.
 *
 * @param terminalWidth columns of the terminal that shows the help
 */
export function parseArguments(
  name: string,
  shape: CommandShape,
  words: readonly string[],
  terminalWidth: number = DEFAULT_WIDTH,
): ParsedArguments {
  const helpWidth = Math.max(MIN_HELP_WIDTH, Math.min(terminalWidth, MAX_HELP_WIDTH));
  let help = '';
  const program = new Program(`mnist ${name}`)
    .description(shape.summary)
    .helpOption('-h, --help', 'show this help')
    .configureOutput({ writeOut: (text) => (help += text), writeErr: () => undefined })
    .configureHelp({ helpWidth })
    .addHelpText('before', examplesText(shape, helpWidth))
    .exitOverride();
  for (const positional of shape.positionals) program.addArgument(argumentFor(positional));
  for (const option of ownFirst(shape.options))
    program.addOption(plainOption(option).helpGroup(option.group));
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') throw new HelpRequested(help);
    throw usageError(error, name, shape);
  }
  const positionals = program.args;
  // commander reports --no-x options as set by default, so only values from the command line are kept.
  const isTyped = ([key]: [string, unknown]): boolean => program.getOptionValueSource(key) === 'cli';
  const values: Record<string, unknown> = Object.fromEntries(Object.entries(program.opts()).filter(isTyped));
  shape.positionals.forEach(({ key }, index) => {
    if (key !== undefined && positionals[index] !== undefined) values[key] = positionals[index];
  });
  return { positionals, values };
}

function argumentFor({ name, description, required, variadic, choices }: Positional): Argument {
  const word = variadic ? `${name}...` : name;
  const argument = new Argument(required ? `<${word}>` : `[${word}]`, description);
  return choices ? argument.choices([...choices]) : argument;
}

function plainOption(field: Field): Option {
  const { key, kind, description, fallback, placeholder } = field;
  const flag = flagOf(key);
  if (kind === 'boolean') {
    // An option that is on by default has a --no-x flag; its description names the feature.
    if (fallback === true) return new Option(flag.replace('--', '--no-'), `turn off ${description}`);
    return new Option(flag, description);
  }
  return new Option(`${flag} <${placeholder}>`, `${description}${rangeText(field)}`).argParser((text) =>
    parseText(field, text),
  );
}

function rangeText(field: Field): string {
  const parts = [isFreeText(field) ? '' : briefly(field.allowed), defaultText(field)].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

/** Without the words that a sentence needs and a list of options does not. */
function briefly(allowed: string): string {
  return allowed.replace(/^(a|one of) /, '');
}

/** The default; where plug-ins have different ones, each with the plug-ins that have it. */
function defaultText({ kind, fallback, plugins = new Map([['', fallback]]) }: Field): string {
  // A structure takes lines that nobody reads; --print-config shows it.
  if (kind === 'structure') return '';
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

/** A value as on the command line: `128,64`; empty for an empty list and without a default. */
function valueText(value: unknown): string {
  const isPlain = typeof value === 'string' || (Array.isArray(value) && typeof value[0] !== 'object');
  return value === undefined ? '' : isPlain ? String(value) : JSON.stringify(value);
}

function examplesText({ examples }: CommandShape, width: number): string {
  const lines = examples.map(([typed, effect]) => `  $ ${typed}\n${wrapped(effect, width, EFFECT_INDENT)}`);
  return `Examples:\n${lines.join('\n')}\n`;
}

function usageError(
  error: CommanderError,
  name: string,
  { options, positionals }: CommandShape,
): ToolkitError {
  const help = `"mnist ${name} --help" lists the options`;
  const message = error.message.replace(/^error: /, '').split('\n')[0] ?? '';
  const [, word = '', argument] = /value '([^]*)' is invalid for argument '(\w+)'/.exec(error.message) ?? [];
  const choices = positionals.find((positional) => positional.name === argument)?.choices;
  if (choices) return unknownChoice(word, argument!, choices);
  const flag = /^unknown option '([^'=]+)/.exec(message)?.[1];
  if (error.code !== 'commander.unknownOption' || flag === undefined) {
    return new ToolkitError('USAGE', { message, hint: help }, { cause: error });
  }
  const suggestion = nearest(
    flag,
    options.map(({ key }) => flagOf(key)),
  );
  return new ToolkitError('OPTION_UNKNOWN', {
    option: flag,
    origin: 'the command line',
    nearest: suggestion,
    help,
  });
}

function unknownChoice(word: string, name: string, choices: readonly string[]): ToolkitError {
  const meant = nearest(word, choices);
  return new ToolkitError('USAGE', {
    message: `unknown ${name} "${word}"`,
    hint: meant === undefined ? `use one of ${choices.join(', ')}` : `did you mean "${meant}"?`,
  });
}

/** Puts a command's own options before the common ones. */
function ownFirst(options: readonly ShapeOption[]): ShapeOption[] {
  return [...options].sort((a, b) => Number(a.isCommon) - Number(b.isCommon));
}
