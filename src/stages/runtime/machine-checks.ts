import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';

import { systemCodeOf, messageOf } from '../../core/errors.js';
import { exists } from '../../core/files.js';
import { outputOf } from '../../core/programs.js';
import { findPip } from '../../tensorflow/runtime/pip.js';
import { platformObstacle } from '../../tensorflow/runtime/platform.js';
import type { Check } from './check.js';

const OLDEST_NODE = [20, 19] as const;

/** Reads how much space a file system has, as `statfs` does. */
type ReadSpace = (path: string) => Promise<{ bavail: number; bsize: number }>;

/** Whether Node.js is recent enough. */
export function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return {
    name: 'Node.js',
    status: isOld ? 'problem' : 'ok',
    found: process.version,
    advice: isOld ? `install Node.js ${OLDEST_NODE.join('.')} or later` : null,
  };
}

/** Whether npm is there. */
export async function checkNpm(environment: NodeJS.ProcessEnv): Promise<Check> {
  const program = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const version = await outputOf(program, ['--version'], environment, 20_000).then(
    (answer) => answer.trim(),
    () => undefined,
  );
  if (version !== undefined) return { name: 'npm', status: 'ok', found: version, advice: null };
  return {
    name: 'npm',
    status: 'warning',
    found: 'not found',
    advice: 'only needed to install or update this package',
  };
}

/** Whether pip is there; `isNeeded` says whether it must install the TensorFlow runtime. */
export async function checkPip(isNeeded: boolean, environment: NodeJS.ProcessEnv): Promise<Check> {
  const pip = await findPip(environment);
  if (pip) return { name: 'pip', status: 'ok', found: pip.version, advice: null };
  const advice = isNeeded
    ? 'install it (Debian and Ubuntu: apt install python3-pip): it fetches the TensorFlow runtime'
    : 'only needed to install another runtime';
  return { name: 'pip', status: isNeeded ? 'problem' : 'ok', found: 'not found', advice };
}

/** Whether TensorFlow exists for this processor and operating system. */
export function checkProcessor(): Check {
  const obstacle = platformObstacle();
  const found = `${process.platform}-${process.arch}, ${availableParallelism()} cores, ${gibibytes(totalmem())} of memory`;
  return {
    name: 'machine',
    status: obstacle === undefined ? 'ok' : 'problem',
    found,
    advice: obstacle ?? null,
  };
}

/** Whether the file system of a folder, which need not exist yet, has enough free space. */
export async function checkDisk(
  name: string,
  folder: string,
  needed: number,
  readSpace: ReadSpace = statfs,
): Promise<Check> {
  let existing = folder;
  while (!(await exists(existing)) && existing !== parentOf(existing)) existing = parentOf(existing);
  let free: number;
  try {
    const { bavail, bsize } = await readSpace(existing);
    free = bavail * bsize;
  } catch (error) {
    const found = `${folder}: free space unknown (${systemCodeOf(error) ?? messageOf(error)})`;
    return { name, status: 'warning', found, advice: `make sure that ${gibibytes(needed)} are free` };
  }
  const found = `${folder}: ${gibibytes(free)} free`;
  if (free >= needed) return { name, status: 'ok', found, advice: null };
  return { name, status: 'problem', found, advice: `free some space: ${gibibytes(needed)} are needed` };
}

function parentOf(folder: string): string {
  const end = folder.lastIndexOf('/');
  if (end < 0) return '.';
  return end === 0 ? '/' : folder.slice(0, end);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
