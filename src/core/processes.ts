import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { cpus, hostname } from 'node:os';

import { systemCodeOf } from './errors.js';

/** Where `statOf` has a process's state, and when it was started, in clock ticks. */
const STATE_AT = 0;
const STARTED_AT = 19;

/** Identifies a process uniquely, even if its ID is reused later. */
export interface ProcessIdentity {
  process: number;
  host: string;
  /** Process IDs are valid only within a PID namespace; each container has its own, often with the same host name. */
  namespace: string;
  /** The start time in clock ticks; empty if the system does not report it. */
  started: string;
}

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  return {
    process: process.pid,
    host: hostname(),
    namespace: currentNamespace(),
    started: startOf(process.pid),
  };
}

/** Whether a process is alive; undefined for one on another machine or in another container. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.host !== hostname() || identity.namespace !== currentNamespace()) return undefined;
  try {
    process.kill(identity.process, 0);
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  const stat = statOf(identity.process);
  // One that has ended stays in the list until its parent asks how; in a container, often nobody does.
  if (stat[STATE_AT] === 'Z') return false;
  const started = stat[STARTED_AT] ?? '';
  return started === '' || identity.started === '' || started === identity.started;
}

function currentNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Whether a process of this machine is stopped (SIGSTOP); false if the system does not tell. */
export function isStopped(processId: number): boolean {
  return (process.platform === 'linux' ? statOf(processId)[STATE_AT] : stateByPs(processId)) === 'T';
}

/** The letter of a process's state, as POSIX's `ps` prints it: systems without /proc, such as macOS, have it. */
export function stateByPs(processId: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(processId)], { encoding: 'utf8' });
  // Undefined where there is no such program, as on Windows, where no process is ever stopped.
  return (stdout as string | undefined)?.trim().at(0);
}

function startOf(processId: number): string {
  return statOf(processId)[STARTED_AT] ?? '';
}

/** Linux's /proc/<pid>/stat from field 3 on. The program's name before it is in parentheses, and may contain spaces and parentheses. */
function statOf(processId: number): string[] {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** What the processor can do, such as `avx2`, by the names of Linux on x64; undefined if the system does not report it. */
export function processorFlags(): ReadonlySet<string> | undefined {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return flags === undefined ? undefined : new Set(flags.trim().split(/\s+/));
  } catch {
    return undefined;
  }
}

/** The model name of the processor; undefined if the system does not report it. */
export function processorName(): string | undefined {
  const model = cpus()[0]?.model.trim();
  return model === '' ? undefined : model;
}
