/** Writes a server's log to stderr unchanged, because programs read it. */
export const logDestination = {
  write(line: string): void {
    process.stderr.write(line);
  },
};
