import { readFile } from 'node:fs/promises';

import { flagOf, type Field } from '../core/config/field.js';
import type { Positional } from './command.js';

/** An option as the help shows it. */
export interface ShapeOption extends Field {
  /** Its heading. */
  group: string;
  isCommon: boolean;
}

/**
 * What a command line of a command may hold. It is plain data, so the build writes it down (scripts/bundle-program.mjs): help and errors
 * of usage then need neither the command nor zod.
 */
export interface CommandShape {
  summary: string;
  positionals: readonly Positional[];
  examples: readonly (readonly [command: string, effect: string])[];
  options: readonly ShapeOption[];
}

/** The options of all commands, each once. */
export interface OptionNames {
  keys: readonly string[];
  variables: readonly string[];
}

/** The text of a shape in its file. */
export function encodeShape(shape: CommandShape): string {
  return JSON.stringify(shape, (_key, value: unknown) =>
    value instanceof Map ? { map: [...value] } : value,
  );
}

/** The shape in the text of its file. */
export function decodeShape(text: string): CommandShape {
  return JSON.parse(text, (key, value: unknown) =>
    key === 'plugins' ? mapFrom(value) : value,
  ) as CommandShape;
}

/** JSON has no undefined, which an option without a default has: null stands for it. */
function mapFrom(value: unknown): Map<string, unknown> {
  const { map } = value as { map: [string, unknown][] };
  return new Map(map.map(([name, fallback]) => [name, fallback ?? undefined]));
}

/** A command's shape as the build wrote it; undefined where nothing was built, as when tests run the sources. */
export async function builtShape(name: string): Promise<CommandShape | undefined> {
  const text = await readBuilt(name);
  return text === undefined ? undefined : decodeShape(text);
}

/** The options of all commands as the build wrote them; undefined where nothing was built. */
export async function builtOptionNames(): Promise<OptionNames | undefined> {
  const text = await readBuilt('options-of-all');
  return text === undefined ? undefined : (JSON.parse(text) as OptionNames);
}

/** Whether settings may name plug-ins of the user, whose options the build does not know. */
export function mayNamePlugins(
  { options }: CommandShape,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): boolean {
  return options.some(({ key, values, variable, pluginFor }) => {
    const opens = key === 'plugin' || key === 'config' || pluginFor !== undefined;
    if (!opens && values === undefined) return false;
    const given = [...typedFor(flagOf(key), words), environment[variable]];
    return given.some((value) => value !== undefined && (opens || !values?.includes(value)));
  });
}

/** What follows a flag, at each of its places. */
export function typedFor(flag: string, words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    if (word === flag) return [words[index + 1] ?? ''];
    return word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : [];
  });
}

function readBuilt(name: string): Promise<string | undefined> {
  const file = new URL(`shapes/${name}.json`, import.meta.url);
  return readFile(file, 'utf8').catch(() => undefined);
}
