import { JsonReporter } from './json.js';
import { PrettyReporter } from './pretty.js';
import { QuietReporter } from './quiet.js';
import type { Reporter } from './reporter.js';

export interface ReporterOptions {
  json: boolean;
  quiet: boolean;
  color: boolean;
  verbose: boolean;
}

interface Terminal {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
}

/** The reporter for the output options. */
export function createReporter(
  { json, quiet, color, verbose }: ReporterOptions,
  terminal: Terminal,
): Reporter {
  const { stdout, stderr, env: environment } = terminal;
  const Kind = quiet ? QuietReporter : PrettyReporter;
  const people = new Kind({ stdout, stderr, environment, color, verbose });
  return json ? new JsonReporter(stdout, people) : people;
}
