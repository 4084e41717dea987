// Bundles bench/planted-defects.ts to bench/build, then runs it with this command's arguments.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const inBench = (path) => fileURLToPath(new URL(`../bench/${path}`, import.meta.url));

await build({
  entryPoints: { 'planted-defects': inBench('planted-defects.ts') },
  outdir: inBench('build'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  external: ['#*'],
  logLevel: 'warning',
});
const words = [inBench('build/planted-defects.js'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' });
process.exitCode = status ?? 1;
