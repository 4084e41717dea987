import { spawn } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ToolkitError } from '../../core/errors.js';
import { findProgram, outputOf, PROGRAM_FOLDER, programEnvironment } from '../../core/programs.js';
import type { RuntimeVariant, Wheel } from './variants.js';

/** A way to call pip: a program's path and its first arguments. */
export type PipCommand = readonly [program: string, ...first: string[]];

const CANDIDATES: readonly PipCommand[] = [
  ['pip3'],
  ['pip'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
];

/** The first way of calling pip that works on this machine, with pip's version. */
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

/** The help of `pip download`, which shows the settings in force, on lines wide enough not to be wrapped. */
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

export interface PipDownloadOptions {
  command: PipCommand;
  variant: RuntimeVariant;
  wheel: Wheel;
  folder: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  onProgress: (received: number) => void;
}

/**
 * Has pip fetch a wheel into a folder, whole and checked against its pinned hash: the way for indexes that only pip can
 * reach (passwords, proxies, client certificates, local folders). Throws RUNTIME_INSTALL_FAILED with pip's own words.
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
  // pip collects what arrives in its temporary folder, where its growth shows how far it is.
  const watch = setInterval(() => void largestFile(work).then(onProgress), 250);
  try {
    await complete(program, args, { ...environment, TMPDIR: work }, wheel, signal);
  } finally {
    clearInterval(watch);
    await rm(work, { recursive: true, force: true });
  }
}

async function complete(
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
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-4000)));
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      complaint = error.message;
      resolve(-1);
    });
    child.once('close', resolve);
  });
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0) {
    const reason = `pip: ${lastError(complaint) ?? `ended with code ${code}`}`;
    const hint = 'check the network and the package index that pip uses; run the command again to continue';
    throw new ToolkitError('RUNTIME_INSTALL_FAILED', { file: wheel.file, reason, hint });
  }
}

function lastError(complaint: string): string | undefined {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '');
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
