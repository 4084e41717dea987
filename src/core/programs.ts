import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, parse } from 'node:path';
import { promisify } from 'node:util';

/**
 * The working directory of other programs, writable only by the administrator. Python would run modules of the current folder, which may
 * be untrusted.
 */
export const PROGRAM_FOLDER = parse(process.execPath).root;

/** Python's variables that name folders. Its other variables change what it does or runs, and are removed. */
const PYTHON_FOLDERS: ReadonlySet<string> = new Set(['PYTHONPATH', 'PYTHONHOME', 'PYTHONUSERBASE']);

/**
 * The environment for other programs, without references to the current folder: an empty or relative part of PATH or PYTHONPATH
 * would be one.
 */
export function programEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name === 'PATH' || PYTHON_FOLDERS.has(name)) {
      const folders = absoluteParts(value);
      if (folders.length > 0) kept[name] = folders.join(delimiter);
    } else if (!name.startsWith('PYTHON')) kept[name] = value;
  }
  return kept;
}

/** Finds a program in the folders of PATH, never in the current one; undefined if there is none. */
export async function findProgram(name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of absoluteParts(environment['PATH'])) {
    const path = join(folder, name);
    if (await isProgram(path)) return path;
  }
  return undefined;
}

/**
 * Runs a program and returns its standard output. Throws if it is not found, fails, times out or is aborted.
 *
 * @param program its path, or a name to look up in PATH
 */
export async function outputOf(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  timeout: number,
  signal?: AbortSignal,
): Promise<string> {
  const path = isAbsolute(program) ? program : await findProgram(program, environment);
  if (path === undefined) throw new Error(`${program} was not found`);
  const options = { env: programEnvironment(environment), cwd: PROGRAM_FOLDER, timeout, signal };
  return (await promisify(execFile)(path, [...words], options)).stdout;
}

function absoluteParts(folders = ''): string[] {
  return folders.split(delimiter).filter((folder) => isAbsolute(folder));
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
