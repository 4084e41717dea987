import { escapeJson } from '../../core/formats/unsafe-characters.js';

/** Writes a server's log to stderr as JSON, because programs read it; what a terminal would obey is escaped. */
export const logDestination = {
  write(line: string): void {
    process.stderr.write(escapeJson(line));
  },
};
