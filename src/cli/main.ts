import { createInterface } from 'node:readline/promises';

import { asToolkitError, ToolkitError, type ExitCode } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { nearest } from '../core/registry.js';
import { version } from '../core/version.js';
import { cleanLine } from './terminal/clean.js';
import { createReporter } from './terminal/index.js';
import { terminalWidth } from './terminal/width.js';
import type { Reporter } from './terminal/reporter.js';
import { refuseForAction } from './actions.js';
import { HelpRequested, parseArguments } from './arguments.js';
import type { Presentation } from './command.js';
import { commands } from './commands/index.js';
import { helpText } from './help.js';
import { loadPluginsOf } from './plugins.js';
import { watchOutput } from './output.js';
import { resolvePresentation, resolveSettings, warnOfVariables } from './settings.js';
import { watchSignals, type SignalSource } from './signals.js';

/** The parts of a process that the program uses. */
export interface ProcessIo extends SignalSource {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  env: NodeJS.ProcessEnv;
}

const VERSION_FLAGS: ReadonlySet<string> = new Set(['--version', '-V', '-v']);

const PLAIN: Presentation = {
  json: false,
  quiet: false,
  color: true,
  verbose: false,
  printConfig: false,
  config: undefined,
};

/**
 * Runs a command line and returns the exit code. The only place that catches everything.
 *
 * @param words the command line without the program's name: the command and its arguments
 */
export async function main(words: readonly string[], io: ProcessIo): Promise<ExitCode> {
  const findLost = watchOutput(io);
  // Errors in the command line itself are also shown in the requested form.
  const early = { ...PLAIN, json: words.includes('--json'), verbose: words.includes('--verbose') };
  let reporter = createReporter(early, io);
  const setReporter = (presentation: Presentation): Reporter => (reporter = createReporter(presentation, io));
  const code = await run(words, io, setReporter, reporter).catch((thrown: unknown): ExitCode => {
    if (thrown instanceof HelpRequested) return answer(reporter, thrown.text);
    const error = asToolkitError(thrown);
    reporter.error(error);
    return error.exitCode;
  });
  reporter.close();
  const lost = await findLost();
  if (lost) reporter.error(lost);
  return lost && code === 0 ? lost.exitCode : code;
}

async function run(
  [name, ...rest]: readonly string[],
  io: ProcessIo,
  setReporter: (presentation: Presentation) => Reporter,
  plain: Reporter,
): Promise<ExitCode> {
  const [topic] = rest;
  if (name === 'help' && topic !== undefined) return run([topic, '--help'], io, setReporter, plain);
  if (name === undefined || ['help', '--help', '-h'].includes(name)) return answer(plain, helpText());
  if (name === 'version' || VERSION_FLAGS.has(name)) return answer(plain, `${version}\n`);
  const entry = commands.find((candidate) => candidate.name === name);
  if (!entry) throw unknownCommand(name);
  // Every command accepts --version.
  if (rest.some((word) => VERSION_FLAGS.has(word))) return answer(plain, `${version}\n`);
  const command = await entry.load();
  await loadPluginsOf(command, rest, io.env);
  const parsed = parseArguments(name, command, rest, terminalWidth(io));
  const { positionals } = parsed;
  const presentation = resolvePresentation(parsed.values, io.env);
  const reporter = setReporter(presentation);
  refuseForAction(name, command, parsed);
  const resolution = await resolveSettings(command, parsed, presentation, io.env);
  if (presentation.printConfig) {
    const { configOutcome } = await import('./terminal/results/config.js');
    reporter.outcome(configOutcome(resolution));
    return 0;
  }
  const emit: Emit = (event) => {
    reporter.event(event);
  };
  await warnOfVariables(command, io.env, emit);
  const { signal, release } = watchSignals(io, () => {
    reporter.event({
      event: 'notice',
      message: 'stopping after the current step; press Ctrl-C again to stop at once',
    });
  });
  try {
    const {
      failure,
      failures = [],
      ...outcome
    } = await command.run({
      positionals,
      options: resolution.values,
      resolution,
      commands,
      json: presentation.json,
      environment: io.env,
      stdin: io.stdin,
      context: { signal, emit },
      confirm: io.stdin.isTTY && io.stderr.isTTY ? (question) => confirm(question, io) : undefined,
    });
    // The result is always the last line of the output.
    const failed = failure ? [failure, ...failures] : failures;
    for (const error of failed) reporter.error(error);
    reporter.outcome(outcome);
    return failed[0]?.exitCode ?? 0;
  } finally {
    release();
  }
}

function answer(reporter: Reporter, text: string): 0 {
  reporter.text(text);
  return 0;
}

function unknownCommand(name: string): ToolkitError {
  const names = [...commands.map((entry) => entry.name), 'help', 'version'];
  return new ToolkitError('COMMAND_UNKNOWN', { command: name, nearest: nearest(name, names) });
}

async function confirm(question: string, { stdin, stderr }: ProcessIo): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${cleanLine(question)} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
