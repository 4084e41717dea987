import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** The processes that the main thread of a process has started, of those whose command line contains a text. */
export async function childrenOf(pid: number, text: string): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const started = children.trim().split(' ').filter(Boolean).map(Number);
  const lines = await Promise.all(
    started.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')),
  );
  return started.filter((_, index) => lines[index]!.includes(text));
}

/** Waits for such a child, and kills it. */
export async function killChildOf(pid: number, text: string): Promise<void> {
  let child: number | undefined;
  while (child === undefined) {
    [child] = await childrenOf(pid, text);
    if (child === undefined) await pause(10);
  }
  process.kill(child, 'SIGKILL');
}
