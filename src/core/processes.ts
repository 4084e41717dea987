import { readFileSync, readlinkSync } from 'node:fs';
import { cpus, hostname } from 'node:os';

import { systemCodeOf } from './errors.js';

/** What tells a process from every other, also from a later one with its number. */
export interface ProcessIdentity {
  process: number;
  host: string;
  /** Numbers mean something only within a PID namespace: each container has its own, often under one host name. */
  namespace: string;
  /** When it started, in ticks of the machine's clock; empty where the system does not tell. */
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

/** Whether a process is alive; undefined for one on another machine or in another container, which cannot be seen. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  if (identity.host !== hostname() || identity.namespace !== currentNamespace()) return undefined;
  try {
    process.kill(identity.process, 0);
  } catch (error) {
    if (systemCodeOf(error) !== 'EPERM') return false;
  }
  const started = startOf(identity.process);
  return started === '' || identity.started === '' || started === identity.started;
}

function currentNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Field 22 of Linux's /proc/<pid>/stat; the program's name before it is in brackets, and may hold spaces and brackets. */
function startOf(processId: number): string {
  try {
    const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** The make of this machine's processor, or undefined where the system does not tell. */
export function processorName(): string | undefined {
  const model = cpus()[0]?.model.trim();
  return model === '' ? undefined : model;
}
