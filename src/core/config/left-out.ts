import { isDeepStrictEqual } from 'node:util';

/** Settings of one source, as far as this file looks at them. */
interface Source {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origin: (key: string) => string;
  readonly label: (key: string) => string;
  readonly isShared?: boolean;
}

/** A plug-in that was chosen, its validated options, and the places of their sources in the order of precedence. */
interface ChosenPlugin {
  name: string;
  parsed: Readonly<Record<string, unknown>>;
  options: ReadonlyMap<string, { rank: number }>;
}

/** A setting of a file or of the environment that does not hold for the chosen plug-in. */
export interface LeftOut {
  /** The option as its source names it, the value there, and the source. */
  option: string;
  value: unknown;
  origin: string;
  /** The plug-in that it is meant for, and the chosen one, as options: "--optimizer adam". */
  meantFor: string;
  chosen: string;
  /** What holds in its place. */
  used: unknown;
}

/** Whether a source selects another plug-in than the chosen one, so that its options are meant for that. */
export function meansOther({ values }: Pick<Source, 'values'>, choice: string, plugin: string): boolean {
  return values[choice] !== undefined && values[choice] !== plugin;
}

/**
 * The settings that somebody may believe to hold: a file or the environment has them for another plug-in, the chosen one has options
 * of the same names, and their values differ.
 *
 * @param choice the option that selects the plug-in: "optimizer"
 * @param sources all sources in order of precedence
 */
export function settingsLeftOut(
  choice: string,
  { name, parsed, options }: ChosenPlugin,
  sources: readonly Source[],
): LeftOut[] {
  return Object.entries(parsed).flatMap(([key, used]) => {
    const above = sources.slice(0, options.get(key)?.rank);
    const source = above.find(({ values, isShared }) => isShared && values[key] !== undefined);
    const value = source?.values[key];
    if (!source || !meansOther(source, choice, name) || isDeepStrictEqual(value, used)) return [];
    return {
      option: source.label(key),
      value,
      origin: source.origin(key),
      meantFor: `--${choice} ${String(source.values[choice])}`,
      chosen: `--${choice} ${name}`,
      used,
    };
  });
}
