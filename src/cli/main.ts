import { asToolkitError, ToolkitError, type ExitCode } from '../core/errors.js';
import { nearest } from '../core/registry.js';
import { version } from '../core/version.js';
import { writeText } from './terminal/text.js';
import { terminalWidth } from './terminal/width.js';
import type { Reporter } from './terminal/reporter.js';
import type { CommandEntry, Presentation } from './command.js';
import { commands } from './commands/index.js';
import { HelpRequested, helpText } from './help.js';
import { watchOutput } from './output.js';
import type { ProcessIo } from './process-io.js';
import { builtShape, mayNamePlugins, type CommandShape } from './shape.js';

const VERSION_FLAGS: ReadonlySet<string> = new Set(['--version', '-V', '-v']);

const PLAIN: Presentation = {
  json: false,
  quiet: false,
  color: true,
  verbose: false,
  printConfig: false,
  config: undefined,
  encryptTo: undefined,
  identity: undefined,
  passphraseFile: undefined,
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
  let reporter: Reporter | undefined;
  // Loaded when something is to be reported: help needs no tables and no progress bars.
  const setReporter = async (presentation: Presentation): Promise<Reporter> => {
    const { createReporter } = await import('./terminal/index.js');
    return (reporter = createReporter(presentation, io));
  };
  const report = async (error: ToolkitError): Promise<void> => {
    (reporter ?? (await setReporter(early))).error(error);
  };
  const code = await run(words, io, setReporter).catch(async (thrown: unknown): Promise<ExitCode> => {
    if (thrown instanceof HelpRequested) return answer(io, thrown.text);
    const error = asToolkitError(thrown);
    await report(error);
    return error.exitCode;
  });
  reporter?.close();
  const lost = await findLost();
  if (lost) await report(lost);
  return lost && code === 0 ? lost.exitCode : code;
}

async function run(
  [name, ...rest]: readonly string[],
  io: ProcessIo,
  setReporter: (presentation: Presentation) => Promise<Reporter>,
): Promise<ExitCode> {
  const [topic] = rest;
  if (name === 'help' && topic !== undefined) return run([topic, '--help'], io, setReporter);
  if (name === undefined || ['help', '--help', '-h'].includes(name)) return answer(io, helpText());
  if (name === 'version' || VERSION_FLAGS.has(name)) return answer(io, `${version}\n`);
  const entry = commands.find((candidate) => candidate.name === name);
  if (!entry) throw unknownCommand(name);
  // Every command accepts --version.
  if (rest.some((word) => VERSION_FLAGS.has(word))) return answer(io, `${version}\n`);
  // Loaded as they are needed: help and errors of usage come at once.
  const { parseArguments } = await import('./arguments.js');
  const parsed = parseArguments(name, await shapeFor(entry, rest, io.env), rest, terminalWidth(io));
  const { runCommand } = await import('./run-command.js');
  return runCommand({ entry, parsed, io, setReporter });
}

/** What a command line of a command may hold: as the build wrote it down or, with plug-ins of the user, from the command itself. */
async function shapeFor(
  entry: CommandEntry,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<CommandShape> {
  const built = await builtShape(entry.name);
  if (built && !mayNamePlugins(built, words, environment)) return built;
  const [{ shapeOf }, { loadPluginsOf }] = await Promise.all([
    import('./shape-of.js'),
    import('./plugins.js'),
  ]);
  const command = await entry.load();
  await loadPluginsOf(command, words, environment);
  return shapeOf(command);
}

function answer({ stdout }: ProcessIo, text: string): 0 {
  writeText(stdout, text);
  return 0;
}

function unknownCommand(name: string): ToolkitError {
  const names = [...commands.map((entry) => entry.name), 'help', 'version'];
  return new ToolkitError('COMMAND_UNKNOWN', { command: name, nearest: nearest(name, names) });
}
