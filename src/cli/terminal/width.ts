/** A terminal's streams; `columns` is set where a stream is a terminal. */
interface Streams {
  stdout: { columns?: number };
  stderr: { columns?: number };
  env: NodeJS.ProcessEnv;
}

/** The width where nothing tells it. */
export const DEFAULT_WIDTH = 80;

/**
 * The columns of the terminal that shows a text, also through a pager: stdout is a pipe there, and stderr mostly the terminal. 80
 * where nothing tells.
 */
export function terminalWidth({ stdout, stderr, env }: Streams): number {
  const told = Number(env['COLUMNS']);
  return stdout.columns ?? stderr.columns ?? (Number.isInteger(told) && told > 0 ? told : DEFAULT_WIDTH);
}
