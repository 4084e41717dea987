import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import koffi from 'koffi';

const STANDARD_ERROR = 2;

/** What native code writes to this process's standard error during an action. */
export function errorOutputOf(action: () => void): string {
  const system = koffi.load(process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6');
  const dup = system.func('int dup(int)') as (file: number) => number;
  const dup2 = system.func('int dup2(int, int)') as (from: number, to: number) => number;
  const folder = mkdtempSync(join(tmpdir(), 'mnist-train-test-'));
  const path = join(folder, 'output');
  const saved = dup(STANDARD_ERROR);
  dup2(openSync(path, 'w'), STANDARD_ERROR);
  try {
    action();
  } finally {
    dup2(saved, STANDARD_ERROR);
  }
  const text = readFileSync(path, 'utf8');
  rmSync(folder, { recursive: true });
  return text;
}
