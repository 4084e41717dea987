import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

import { temporaryFolder } from './folders.js';

/** A program that a test runs in a process of its own. */
export interface TestProcess {
  child: ChildProcess;
  /** Fulfilled when it prints a line that contains a text. */
  printed: (text: string) => Promise<void>;
  /** Its exit code, or null when a signal ended it; its output is complete then. */
  ended: Promise<number | null>;
  output: () => string;
}

/** Starts a TypeScript file of this folder under Node, and kills it if it outlives the test. */
export async function startProcess(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<TestProcess> {
  const program = join(await temporaryFolder(), 'program.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const printed = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (child.exitCode !== null) throw new Error(`it ended without printing ${text}: ${output}`);
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
  };
  return { child, printed, ended, output: () => output };
}
