import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { inject } from 'vitest';

/** How a command ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The lines of stdout as JSON; throws where one is not. */
  events: () => Record<string, unknown>[];
  /** The last of them. */
  result: () => Record<string, unknown>;
}

export interface CommandOptions {
  /** The working folder: its `checkpoints` receives the runs. */
  cwd: string;
  environment?: NodeJS.ProcessEnv;
  /** Called as stdout grows, with all of it; may end the process. */
  onOutput?: ((stdout: string, child: ChildProcess) => void) | undefined;
  /** What is written to its standard input; else that is empty. */
  input?: Uint8Array;
  /** The Node.js that runs it, if not this one. */
  node?: string;
  /** The folder of the package, if not this checkout. */
  packageFolder?: string;
}

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the real command as its users would, with a fifth of MNIST as its data. */
export async function runCommand(words: readonly string[], options: CommandOptions): Promise<Ended> {
  const {
    cwd,
    environment = {},
    onOutput,
    input,
    node = process.execPath,
    packageFolder = CHECKOUT,
  } = options;
  const launcher = `${packageFolder}/bin/mnist.js`;
  if (!existsSync(`${packageFolder}/dist`)) throw new Error('not built: "npm test" builds first');
  const child = spawn(node, [launcher, ...words], {
    cwd,
    env: environmentWith(environment),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read its input closes it.
  child.stdin.on('error', () => undefined).end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(stdout, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return ended(code, stdout, stderr);
}

/**
 * Runs a command line in this process, where TensorFlow is already started, which takes a tenth of the time: for what a test needs done
 * before or beside what it is about. Relative paths are the working folder's. TensorFlow keeps the threads that it was started with: weights
 * that are compared bit for bit with those of a command are a command's.
 */
export async function runHere(
  words: readonly string[],
  { cwd, environment = {} }: Pick<CommandOptions, 'cwd' | 'environment'>,
): Promise<Ended> {
  const { main } = await import('../../src/cli/main.js');
  const streams = { stdin: new PassThrough().end(), stdout: new PassThrough(), stderr: new PassThrough() };
  const texts = [text(streams.stdout), text(streams.stderr)];
  const signals = { on: () => undefined, off: () => undefined, exit: () => undefined };
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await main(words, {
      ...streams,
      ...signals,
      env: environmentWith({ ...ONE_THREAD, ...environment }),
    });
    streams.stdout.end();
    streams.stderr.end();
    const [stdout, stderr] = await Promise.all(texts);
    return ended(code, stdout!, stderr!);
  } finally {
    process.chdir(before);
  }
}

/** With which every test of this process starts TensorFlow, once for all of them. */
const ONE_THREAD = { MNIST_THREADS: '1' };

function ended(code: number | null, stdout: string, stderr: string): Ended {
  const events = (): Record<string, unknown>[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, stdout, stderr, events, result: () => events().at(-1)! };
}

/** The environment of a command: this process's, a fifth of MNIST as its data, and what is given. */
function environmentWith(given: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...cleanEnvironment(), MNIST_DATA_DIR: inject('smallDataDir'), ...given };
}

/** This process's environment without what would change how the command behaves. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const isOurs = (name: string): boolean =>
    !/^(MNIST_|VITEST|NO_COLOR$|FORCE_COLOR$|NODE_ENV$|CI$)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isOurs(name)));
}

/** Options with which a run on a fifth of MNIST takes a second or two: half of it is trained on. */
export const QUICK = ['--validation-split', '0.5', '--threads', '1'] as const;

/** The environment of a command that is to use all of MNIST. */
export const wholeMnist = (): { MNIST_DATA_DIR: string } => ({ MNIST_DATA_DIR: inject('dataDir') });
