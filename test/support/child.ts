import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** A Node.js process of its own that runs a program which uses our sources. */
export interface Child {
  process: ChildProcess;
  /** Resolves with everything that it wrote to stdout so far, as soon as that contains a text. */
  said(text: string): Promise<string>;
  /** Resolves when it has ended. */
  ended: Promise<{ stdout: string; stderr: string; code: number | null }>;
}

/** Bundles a program, whose imports are resolved from the repository's root, into a file that Node.js runs. */
export async function bundleProgram(source: string, folder: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const path = join(folder, 'program.mjs');
  await writeFile(path, outputFiles[0]?.contents ?? '');
  return path;
}

/** Starts a command; it is killed when the test has finished, if it has not ended by then. */
export function startChild(command: string, parameters: readonly string[]): Child {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => (text[name] += piece));
  }
  onTestFinished(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
  });
  const ended = once(child, 'close').then(() => ({ ...text, code: child.exitCode }));
  const said = async (expected: string): Promise<string> => {
    while (!text.stdout.includes(expected)) {
      const next = await Promise.race([once(child.stdout, 'data'), ended]);
      if (!Array.isArray(next) && !text.stdout.includes(expected)) {
        throw new Error(`the child ended without saying "${expected}": ${text.stderr}`);
      }
    }
    return text.stdout;
  };
  return { process: child, said, ended };
}
