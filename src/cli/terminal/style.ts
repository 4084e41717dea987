import { Chalk, type ChalkInstance } from 'chalk';

/** How text is coloured on one stream. */
export type Style = ChalkInstance;

interface Stream {
  isTTY?: boolean;
}

/**
 * Decides on colours: `--no-color` and NO_COLOR (no-color.org) turn them off, FORCE_COLOR turns them on, and by default
 * terminals that support them get them.
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

/** Whether a stream can show animations: an interactive terminal. */
export function isAnimated({ isTTY = false }: Stream, environment: NodeJS.ProcessEnv): boolean {
  return isTTY && environment['TERM'] !== 'dumb' && !isSet(environment['CI']);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
