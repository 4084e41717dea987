// Compiles src/ to dist/, from nothing, so that a file deleted from src/ does not linger in the package. Types are not checked here
// but by `npm run typecheck`, which looks at the tests as well.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { recordSources } from './sources.mjs';
import { zodEnglish } from './zod-english.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

// The page that the server shows, and that of web bundles: one script each, so that it needs nothing but its own origin. What encrypts
// images is another, for those who ask for it. Those of reports and
// of the API's page belong to HTML that is made when it is asked for.
for (const [entry, outfile, format = 'esm'] of [
  ['src/page/main.ts', 'dist/page/main.js'],
  ['src/page/encryption.ts', 'dist/page/encryption.js'],
  ['src/page/standalone.ts', 'dist/web/main.js'],
  ['src/page/report/main.ts', 'dist/report/main.js', 'iife'],
  ['src/page/docs/main.ts', 'dist/docs/main.js', 'iife'],
]) {
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format,
    target: 'es2022',
    minify: true,
    plugins: [zodEnglish],
    legalComments: 'none',
  });
}
for (const name of ['index.html', 'style.css', 'icon.svg']) {
  cpSync(new URL(`../src/page/${name}`, import.meta.url), new URL(`../dist/page/${name}`, import.meta.url));
}

await import('./bundle-program.mjs');
await import('./declarations.mjs');
recordSources();
