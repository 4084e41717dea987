import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { findProgram, outputOf, PROGRAM_FOLDER, programEnvironment } from '../../core/programs.js';
import type { Wheel, WheelSet } from './variants.js';

/** A command that runs pip: the path of a program and its leading arguments. */
export type PipCommand = readonly [program: string, ...first: string[]];

const CANDIDATES: readonly PipCommand[] = [
  ['pip3'],
  ['pip'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
];

/** The first working pip command of this machine, and pip's version; undefined if there is none. */
export async function findPip(
  environment: NodeJS.ProcessEnv,
): Promise<{ command: PipCommand; version: string } | undefined> {
  for (const [name, ...first] of CANDIDATES) {
    const program = await findProgram(name, environment);
    if (program === undefined) continue;
    const command: PipCommand = [program, ...first];
    const answer = await run(command, ['--version'], environment).catch(() => undefined);
    const version = answer === undefined ? undefined : /^pip (\S+)/.exec(answer)?.[1];
    if (version !== undefined) return { command, version };
  }
  return undefined;
}

/** The help of `pip download`, which shows the configured defaults, on unwrapped lines. */
export async function pipHelp(command: PipCommand, environment: NodeJS.ProcessEnv): Promise<string> {
  return run(command, ['download', '--help'], { ...environment, COLUMNS: '1000' });
}

function run(
  [program, ...first]: PipCommand,
  rest: string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  return outputOf(program, [...first, ...rest], environment, 60_000);
}

/** A download through pip. */
export interface PipDownloadOptions {
  command: PipCommand;
  variant: WheelSet;
  wheel: Wheel;
  folder: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  onProgress: (received: number) => void;
}

/**
 * Downloads a wheel with pip, which verifies its pinned hash: for indexes that only pip can reach (credentials, proxies, client
 * certificates, local folders). Throws RUNTIME_INSTALL_FAILED with pip's error message, or the signal's reason.
 */
export async function pipDownload(options: PipDownloadOptions): Promise<void> {
  const { command, variant, wheel, folder, environment, signal, onProgress } = options;
  const [program, ...first] = command;
  const work = join(folder, `${wheel.file}.pip`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const requirements = join(work, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const args = [
    ...first,
    ...['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--requirement', requirements],
    ...['--python-version', '3.11', '--implementation', 'cp'],
    ...variant.pipPlatforms.flatMap((platform) => ['--platform', platform]),
    ...[
      '--no-cache-dir',
      '--progress-bar',
      'off',
      '--no-input',
      '--disable-pip-version-check',
      '--dest',
      folder,
    ],
  ];
  // pip downloads into its temporary folder: the size of the file there shows the progress.
  const watch = setInterval(() => void largestFile(work).then(onProgress), 250);
  try {
    await runToEnd(program, args, { ...environment, TMPDIR: work }, wheel, signal);
  } finally {
    clearInterval(watch);
    await rm(work, { recursive: true, force: true });
  }
}

async function runToEnd(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  wheel: Wheel,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    env: programEnvironment(env),
    cwd: PROGRAM_FOLDER,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errorOutput = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (errorOutput = (errorOutput + text).slice(-4000)));
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      errorOutput = error.message;
      resolve(-1);
    });
    child.once('close', resolve);
  });
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0) {
    const reason = `pip: ${lastError(errorOutput) ?? `exit code ${code}`}`;
    const hint =
      'check the network and the package index in the configuration of pip; run the command again to resume';
    throw new ToolkitError('RUNTIME_INSTALL_FAILED', { file: wheel.file, reason, hint });
  }
}

function lastError(errorOutput: string): string | undefined {
  const lines = errorOutput.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.at(-1))
    ?.replace(/^ERROR:\s*/, '')
    .trim();
}

async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}
