// Bundles the command line into dist/program: a few files in place of several hundred, whose finding and reading took most of the time
// until a command's first line. Each command stays a file of its own, loaded when it is called. dist/cli is not needed afterwards.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { zodEnglish } from './zod-english.mjs';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Small packages that most commands load, which are bundled with what they need in turn: as packages, their finding took longer than their
 * running. All others stay packages: large ones, native ones, and tfjs, which plug-ins of the user must share.
 */
const BUNDLED = [
  ...['chalk', 'cli-progress', 'cli-table3', 'commander', 'csv-parse', 'env-paths', 'fastest-levenshtein'],
  ...['ml-matrix', 'tar', 'yauzl', 'zod'],
];

const packages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
      const isBundled = BUNDLED.includes(path) || importer.includes('node_modules');
      return kind === 'entry-point' || (isBundled && !isBuiltin(path)) ? undefined : { path, external: true };
    });
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

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli/main.ts'],
  outdir: 'dist/program',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: '[name]-[hash]',
  // Names and lines stay, for stack traces; the rest would only have to be read.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // CommonJS packages among the bundled ones require modules of Node.js.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  legalComments: 'none',
  metafile: true,
  plugins: [required, packages, zodEnglish],
  logLevel: 'warning',
});
// The packages in it keep their licences.
const packageFolders = Object.keys(metafile.inputs).flatMap((path) => {
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
  return folder === undefined ? [] : [folder];
});
const licences = [...new Set(packageFolders)].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  // fastest-levenshtein and others: a licence that is named in the package alone.
  const text = file === undefined ? `Licence: ${license}\n` : readFileSync(join(root, folder, file), 'utf8');
  return `${name} ${version}\n\n${text.trim()}\n`;
});
writeFileSync(
  new URL('../dist/program/LICENSES.txt', import.meta.url),
  licences.join(`\n${'-'.repeat(80)}\n\n`),
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
