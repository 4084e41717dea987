import { Chalk } from 'chalk';

import { signColors } from './clean.js';

const NAMES = ['bold', 'dim', 'red', 'yellow', 'green', 'blue', 'magenta', 'cyan'] as const;

type StyleName = (typeof NAMES)[number];

/** How text is coloured on one stream: a function for each style, and 0 as the level where there are no colours. */
export type Style = Readonly<Record<StyleName, (text: string) => string>> & { readonly level: number };

interface Stream {
  isTTY?: boolean;
}

/**
 * Decides on colours: `--no-color` and NO_COLOR (no-color.org) turn them off, FORCE_COLOR turns them on, and by default
 * terminals that support them get them.
 */
export function styleFor(stream: Stream, color: boolean, environment: NodeJS.ProcessEnv): Style {
  const level = isColored(stream, color, environment) ? 1 : 0;
  const chalk = new Chalk({ level });
  const styles = NAMES.map((name) => [name, level === 0 ? String : painted(chalk[name]('|'))] as const);
  return { level, ...(Object.fromEntries(styles) as Record<StyleName, (text: string) => string>) };
}

/** @param sample a bar in the style: its sequences are signed, so that they differ from those in texts of others */
function painted(sample: string): (text: string) => string {
  const [open = '', close = ''] = signColors(sample).split('|');
  return (text) => {
    const inner = text.replaceAll(close, `${close}${open}`).replaceAll('\n', `${close}\n${open}`);
    return `${open}${inner}${close}`;
  };
}

function isColored({ isTTY = false }: Stream, color: boolean, environment: NodeJS.ProcessEnv): boolean {
  const forced = environment['FORCE_COLOR'];
  if (!color || isSet(environment['NO_COLOR'])) return false;
  if (forced !== undefined) return !['0', 'false'].includes(forced);
  return isTTY && environment['TERM'] !== 'dumb';
}

/** Whether a stream can show animations: an interactive terminal. */
export function isAnimated({ isTTY = false }: Stream, environment: NodeJS.ProcessEnv): boolean {
  return isTTY && environment['TERM'] !== 'dumb' && !isSet(environment['CI']);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
