import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 10;

/** Whether a process runs, or is stopped; not one that has ended and waits to be asked how. */
export function runs(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Sends a signal to a process, unless it has ended. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Waits until something is so. Returns how long that took in milliseconds; undefined if it took longer than the limit. */
export async function timeUntil(isSo: () => boolean, limitMs: number): Promise<number | undefined> {
  const started = performance.now();
  while (!isSo()) {
    if (performance.now() - started > limitMs) return undefined;
    await pause(POLL_MS);
  }
  return performance.now() - started;
}

/** The processes that the main thread of a process has started, of those whose command line contains a text. */
export function childrenOf(pid: number, text: string): number[] {
  const children = contentOf(`/proc/${pid}/task/${pid}/children`)
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.filter((child) => contentOf(`/proc/${child}/cmdline`).includes(text));
}

/** A file of /proc; empty for a process that has ended. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
