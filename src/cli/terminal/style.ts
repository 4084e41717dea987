import { Chalk, type ChalkInstance } from 'chalk';

/** How text is coloured on one stream. */
export type Style = ChalkInstance;

interface Stream {
  isTTY?: boolean;
}

/**
 * Colours where they are wanted: `--no-color` and NO_COLOR (no-color.org) forbid them, FORCE_COLOR demands them, and
 * otherwise a terminal that can show them gets them.
 */
export function styleFor(stream: Stream, color: boolean, environment: NodeJS.ProcessEnv): Style {
  return new Chalk({ level: isColored(stream, color, environment) ? 1 : 0 });
}

function isColored({ isTTY = false }: Stream, color: boolean, environment: NodeJS.ProcessEnv): boolean {
  const forced = environment['FORCE_COLOR'];
  if (!color || isSet(environment['NO_COLOR'])) return false;
  if (forced !== undefined) return !['0', 'false'].includes(forced);
  return isTTY && environment['TERM'] !== 'dumb';
}

/** Whether a stream can show something that moves: a terminal that a person watches. */
export function isAnimated({ isTTY = false }: Stream, environment: NodeJS.ProcessEnv): boolean {
  return isTTY && environment['TERM'] !== 'dumb' && !isSet(environment['CI']);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
