import { createInterface } from 'node:readline/promises';

import { withEncryption } from '../core/encryption/session.js';
import type { ExitCode } from '../core/errors.js';
import type { KeyWarning } from '../core/encryption/keyring.js';
import type { Emit, ToolkitEvent } from '../core/events.js';
import type { OptionSpace } from '../core/config/resolve.js';
import { launchedPlace } from '../engine/mpi/launched.js';
import { refuseForAction } from './actions.js';
import type { ParsedArguments } from './arguments.js';
import type { Call, CommandEntry, Presentation } from './command.js';
import { commands } from './commands/index.js';
import { startEarly } from './early-start.js';
import type { ProcessIo } from './process-io.js';
import { reportLeftOut, resolvePresentation, resolveSettings, warnOfVariables } from './settings.js';
import { watchSignals } from './signals.js';
import { cleanLine } from './terminal/clean.js';
import type { Reporter } from './terminal/reporter.js';

/** A command that was called. */
export interface CalledCommand {
  entry: CommandEntry;
  parsed: ParsedArguments;
  io: ProcessIo;
  /** Chooses how results are shown. */
  setReporter: (presentation: Presentation) => Promise<Reporter>;
}

/** Runs a command and returns its exit code. Throws what the command throws, and the errors of its settings. */
export async function runCommand({ entry, parsed, io, setReporter }: CalledCommand): Promise<ExitCode> {
  const early: ToolkitEvent[] = [];
  let emit: Emit = (event) => early.push(event);
  await startEarly(entry.name, parsed, io.env, (event) => {
    emit(event);
  });
  const command = await entry.load();
  const { positionals } = parsed;
  const presentation = presentationOf(parsed, entry, io.env);
  const reporter = await setReporter(presentation);
  refuseForAction(entry.name, command, parsed);
  const resolution = await resolveSettings(command, parsed, presentation, io.env);
  if (presentation.printConfig) {
    const { configOutcome } = await import('./terminal/results/config.js');
    reporter.outcome(configOutcome(resolution));
    return 0;
  }
  emit = (event) => {
    reporter.event(event);
  };
  early.forEach(emit);
  await warnOfVariables(command, io.env, emit);
  reportLeftOut(resolution, emit);
  const { signal, release } = watchSignals(io, () => {
    reporter.event({
      event: 'notice',
      message: 'stopping after the current step; press Ctrl-C again to stop at once',
    });
  });
  try {
    const onWarning = (warning: KeyWarning): void => {
      emit({ event: 'warning', ...warning });
    };
    const call: Call<OptionSpace> = {
      positionals,
      options: resolution.values,
      resolution,
      commands,
      json: presentation.json,
      environment: io.env,
      stdin: io.stdin,
      context: { signal, emit },
      confirm: io.stdin.isTTY && io.stderr.isTTY ? (question) => confirm(question, io) : undefined,
    };
    const {
      failure,
      failures = [],
      ...outcome
    } = await withEncryption({ ...presentation, onWarning }, () => command.run(call));
    // The result is always the last line of the output.
    const failed = failure ? [failure, ...failures] : failures;
    if (!outcome.isHidden) {
      for (const error of failed) reporter.error(error);
      reporter.outcome(outcome);
    }
    return failed[0]?.exitCode ?? 0;
  } finally {
    release();
  }
}

/** Of workers that a launcher has started, the first alone shows its progress. */
function presentationOf(
  { values }: ParsedArguments,
  { name }: CommandEntry,
  environment: NodeJS.ProcessEnv,
): Presentation {
  const presentation = resolvePresentation(values, environment);
  const isOther = name === 'train' && (launchedPlace(environment)?.rank ?? 0) > 0;
  return isOther ? { ...presentation, quiet: true, json: false } : presentation;
}

async function confirm(question: string, { stdin, stderr }: ProcessIo): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${cleanLine(question)} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
