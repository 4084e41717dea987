// Bundles bench/stream.ts to bench/build, then runs it with this command's arguments.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const inBench = (path) => fileURLToPath(new URL(`../bench/${path}`, import.meta.url));

await build({
  entryPoints: { stream: inBench('stream.ts') },
  outdir: inBench('build'),
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  external: ['#*'],
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, [inBench('build/stream.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
