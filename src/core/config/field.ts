/** An option, derived from its zod schema so that help, environment, files and messages agree. */
export interface Field {
  /** Its name in files and in code: `learningRate`. */
  key: string;
  description: string;
  kind: 'boolean' | 'number' | 'text' | 'list' | 'texts' | 'mixed' | 'structure';
  /** The allowed values in words: "a number above 0". */
  allowed: string;
  /** The values, where there is a list of them: of the option, or of each part of a list. */
  values?: readonly string[];
  /** The default; undefined if there is none. */
  fallback: unknown;
  /** The placeholder in help: `N`, `FOLDER`. */
  placeholder: string;
  /** Its environment variable. */
  variable: string;
  /** The plug-ins that have it, with the default of each; undefined for a command's own option. */
  plugins?: ReadonlyMap<string, unknown>;
  /** The option that selects one of these plug-ins. */
  choice?: string;
  onlyWith?: OnlyWith;
  /** The option that a plug-in is meant for whose file is given as the value. */
  pluginFor?: string;
}

/** The options of which one must be set for another option to have an effect. */
export interface OnlyWith {
  options: readonly string[];
  /** The values that one of them must have, or have among its own if it is a list; left out, any but false. */
  values?: readonly string[];
  /** An option, perhaps one of these, that is enough where it selects a plug-in of a user. */
  orPluginOf?: string;
}

/** The allowed values of an option that takes any text. */
export const ANY_TEXT = 'text';

/** A list in words. */
export function listOf(allowed: string): string {
  return allowed === ANY_TEXT ? 'a list of text' : `a list, each ${allowed}`;
}

/** Whether an option takes any text, or any list of texts. */
export function isFreeText({ allowed }: Pick<Field, 'allowed'>): boolean {
  return allowed === ANY_TEXT || allowed === listOf(ANY_TEXT);
}

/** The command-line flag of an option: `learningRate` becomes `--learning-rate`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/**
 * Parses text from the command line or the environment. Text that does not have the field's type stays text, so that the schema
 * rejects it and the message can show it.
 */
export function parseText({ kind }: Pick<Field, 'kind'>, text: string): unknown {
  switch (kind) {
    case 'boolean':
      return BOOLEANS.get(text) ?? text;
    case 'number':
    case 'mixed':
      return parseNumber(text);
    case 'list':
      return partsOf(text).map(parseNumber);
    case 'texts':
      return partsOf(text);
    case 'structure':
      return parseJson(text);
    case 'text':
      return text;
  }
}

function partsOf(text: string): string[] {
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function parseNumber(text: string): unknown {
  // Number('') and Number(' ') are 0, but an empty text is a mistake.
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

/** The environment variable of an option that names no other: `learningRate` has MNIST_LEARNING_RATE. */
export function variableOf(key: string): string {
  return `MNIST_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
