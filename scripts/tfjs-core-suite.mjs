// Runs the tests that tfjs-core brings in its package (dist/**/*_test.js) on our backend, and prints what failed:
//   node scripts/tfjs-core-suite.mjs [PATTERN of the tests' full names]
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The tests belong to the package's modules, not to the bundle that is its entry for Node.js. */
const oneCopyOfCore = {
  name: 'one-copy-of-core',
  setup(context) {
    context.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({
      path: join(root, 'node_modules/@tensorflow/tfjs-core/dist/index.js'),
    }));
  },
};

/**
 * Runs the suite in a process of its own.
 *
 * @param {{ pattern?: string, environment?: NodeJS.ProcessEnv }} options
 * @returns {Promise<import('../test/tensorflow/core-suite/program.js').SuiteResult>}
 */
export async function runCoreSuite({ pattern = '', environment = process.env } = {}) {
  await mkdir(join(root, 'bench/build'), { recursive: true });
  const folder = await mkdtemp(join(root, 'bench/build/tfjs-core-suite-'));
  try {
    const program = join(folder, 'program.mjs');
    await build({
      entryPoints: [join(root, 'test/tensorflow/core-suite/program.ts')],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      external: ['koffi', '#*', 'jasmine-core*', 'node-fetch', 'tar', 'yauzl', 'env-paths', 'zod'],
      // The package says that its tests have no side effects.
      ignoreAnnotations: true,
      plugins: [oneCopyOfCore],
      // tfjs-core asks `require` for some modules of Node.js.
      banner: { js: 'import { createRequire as r } from "node:module"; const require = r(import.meta.url);' },
      logLevel: 'warning',
    });
    const { stdout } = await promisify(execFile)(process.execPath, [program, pattern], {
      env: environment,
      maxBuffer: 64 << 20,
    });
    return JSON.parse(stdout.trimEnd().split('\n').at(-1));
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const since = performance.now();
  const { passed, pending, failed } = await runCoreSuite({ pattern: process.argv[2] });
  for (const { name, message } of failed) console.log(`${name}\n    ${message.split('\n')[0]}`);
  for (const name of pending) console.log(`pending: ${name}`);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  console.log(`${passed} passed, ${failed.length} failed, ${pending.length} pending, in ${seconds} s`);
}
