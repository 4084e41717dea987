import { readdirSync, readFileSync } from 'node:fs';

import { launchedPlace } from './launched.js';

/**
 * The other workers of this host, by their process IDs: what the launcher of this process has started here for a job of as many. Only Linux
 * tells; a worker that a shell script starts is not found.
 */
export function neighbours(size: number): number[] {
  return childrenOf(process.ppid).filter(
    (id) => id !== process.pid && launchedPlace(environmentOf(id))?.size === size,
  );
}

/** The processes that any thread of a process has started. */
function childrenOf(parent: number): number[] {
  const threads = namesIn(`/proc/${parent}/task`);
  const lists = threads.map((thread) => contentOf(`/proc/${parent}/task/${thread}/children`));
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** The variables that a process was started with; none of one that belongs to another user. */
function environmentOf(id: number): NodeJS.ProcessEnv {
  const lines = contentOf(`/proc/${id}/environ`).split('\0');
  return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A file of /proc; empty for a process that has ended. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
