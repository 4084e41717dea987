/** Takes a server's log, which is for programs: it goes to stderr as it is, whatever form the rest of the output has. */
export const logDestination = {
  write(line: string): void {
    process.stderr.write(line);
  },
};
