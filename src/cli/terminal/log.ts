import { cleanJson } from './clean.js';

/** Writes a server's log to stderr as JSON, because programs read it; what a terminal would obey is escaped. */
export const logDestination = {
  write(line: string): void {
    process.stderr.write(cleanJson(line));
  },
};
