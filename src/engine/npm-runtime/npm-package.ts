import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '../../core/errors.js';
import { findProgram, outputOf } from '../../core/programs.js';

const TIMEOUT_MS = 15 * 60_000;

/**
 * Downloads the archive of a package of npm into a folder, and returns its path. npm does it, which knows the registry, its proxy and
 * its credentials; it runs nothing of the package. Throws an Error with npm's message, or the signal's reason.
 *
 * @param spec the name and the exact version: `name@1.2.3`
 */
export async function downloadNpmPackage(
  spec: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const [program, ...first] = await npmCommand(environment);
  const words = ['pack', spec, '--ignore-scripts', '--pack-destination', folder];
  const quietly = ['--loglevel', 'error', '--fetch-retries', '1'];
  // npm sets these for the programs that it runs, such as this one; they would lead a nested npm astray.
  const own = { ...environment, npm_config_local_prefix: undefined, npm_config_dry_run: 'false' };
  try {
    await outputOf(program, [...first, ...words, ...quietly], own, TIMEOUT_MS, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(npmMessage(error), { cause: error });
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error('npm stored no archive');
  return join(folder, archive);
}

/** npm's program, and the arguments that come before its own. Throws an Error if there is none. */
async function npmCommand(environment: NodeJS.ProcessEnv): Promise<readonly [string, ...string[]]> {
  const program = await findProgram('npm', environment);
  if (program !== undefined) return [program];
  const places = ['../lib/node_modules', 'node_modules'];
  const scripts = places.map((place) => join(dirname(process.execPath), place, 'npm', 'bin', 'npm-cli.js'));
  const script = scripts.find((path) => existsSync(path));
  if (script === undefined) throw new Error('npm was not found');
  return [process.execPath, script];
}

/** What npm says of a failure, without the names of its log files. */
function npmMessage(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const lines = stderr.split('\n').flatMap((line) => /^npm (?:error|ERR!) (.+)/.exec(line)?.[1] ?? []);
  const telling = lines.filter((line) => !/^(code|errno|syscall|type|A complete log)\b/.test(line));
  const [first = lines[0]] = telling;
  return first === undefined ? `npm: ${messageOf(error).split('\n')[0] ?? ''}` : `npm: ${first}`;
}
