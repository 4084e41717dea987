// Bundles the command line into dist/program: a few files in place of several hundred, whose finding and reading took most of the time
// until a command's first line. Each command stays a file of its own, loaded when it is called. dist/cli is not needed afterwards.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { zodEnglish } from './zod-english.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));

/** Packages stay packages, found when they are needed; zod alone, which every command needs, is bundled. */
const packages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path === 'zod' ? undefined : { path, external: true },
    );
  },
};

/**
 * CommonJS packages that nearly every command loads, by require(): Node.js reads a module that is imported twice, the first time to find
 * the names of its exports, which takes longer than to run it. Here the build finds them.
 */
const required = {
  name: 'required',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(@tensorflow\/tfjs-core|#tfjs-gradients)$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => {
      const names = path.startsWith('#') ? [] : Object.keys(require(path));
      return {
        contents: `import { createRequire } from 'node:module';
          export const { ${names.join(', ')} } = createRequire(import.meta.url)('${path}');`,
      };
    });
  },
};

await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/program',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: '[name]-[hash]',
  legalComments: 'none',
  plugins: [required, packages, zodEnglish],
  logLevel: 'warning',
});
copyFileSync(
  new URL('../node_modules/zod/LICENSE', import.meta.url),
  new URL('../dist/program/LICENSE-zod', import.meta.url),
);

// What help shows, so that it need not load the commands.
const { commands } = await import('../dist/cli/commands/index.js');
const { encodeShape } = await import('../dist/cli/shape.js');
const { shapeOf, optionNamesOf } = await import('../dist/cli/shape-of.js');
const shapes = new URL('../dist/program/shapes/', import.meta.url);
mkdirSync(shapes);
for (const { name, load } of commands) {
  writeFileSync(new URL(`${name}.json`, shapes), encodeShape(shapeOf(await load())));
}
writeFileSync(new URL('options-of-all.json', shapes), JSON.stringify(await optionNamesOf(commands)));
rmSync(new URL('../dist/cli', import.meta.url), { recursive: true });
