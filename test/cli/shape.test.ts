import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';

import { commands } from '../../src/cli/commands/index.js';
import {
  builtOptionNames,
  builtShape,
  decodeShape,
  encodeShape,
  mayNamePlugins,
} from '../../src/cli/shape.js';
import { optionNamesOf, shapeOf } from '../../src/cli/shape-of.js';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(CHECKOUT, 'dist', 'program');

const written = (name: string): string => readFileSync(join(PROGRAM, 'shapes', `${name}.json`), 'utf8');

describe.each(commands)('what a command line of mnist $name may hold', (entry) => {
  it('is the same when it comes from a file, and the build wrote it', async () => {
    const shape = shapeOf(await entry.load());
    expect(decodeShape(encodeShape(shape))).toEqual(shape);
    expect(decodeShape(written(entry.name))).toEqual(shape);
  });
});

it('the build wrote down the options of all commands', async () => {
  const names = await optionNamesOf(commands);
  expect(JSON.parse(written('options-of-all'))).toEqual(names);
  expect(names.keys).toEqual(expect.arrayContaining(['learningRate', 'port', 'model']));
});

it.each([
  [['--model', 'mlp', '--epochs', '3'], {}, false],
  [['--model', './mine.mjs'], {}, true],
  [['--model=a-package'], {}, true],
  [['--plugin', 'a-package'], {}, true],
  [['--config', 'a.json'], {}, true],
  [[], { MNIST_MODEL: './mine.mjs' }, true],
  [[], { MNIST_MODEL: 'cnn' }, false],
])('train %j with %j may name plug-ins: %s', (words, environment, may) => {
  expect(mayNamePlugins(decodeShape(written('train')), words, environment)).toBe(may);
});

it('nothing was written beside the sources: tests see the commands as they are', async () => {
  expect(await builtShape('train')).toBeUndefined();
  expect(await builtOptionNames()).toBeUndefined();
});

/** The packages that some sources load with static imports, and those of our files that do. */
function loadedBy(...entryPoints: string[]): { packages: string[]; files: string[] } {
  const { metafile } = buildSync({
    absWorkingDir: CHECKOUT,
    entryPoints,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    outdir: 'none',
    metafile: true,
    write: false,
  });
  const packages = new Set<string>();
  const files = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind !== 'import-statement') continue;
      if (external) packages.add(path);
      else visit(path);
    }
  };
  entryPoints.forEach(visit);
  const own = [...files].map((file) => dirname(relative('src', file)));
  return {
    packages: [...packages].filter((name) => !name.startsWith('node:')).sort(),
    files: [...new Set(own)].sort(),
  };
}

it('the list of commands is shown with hardly a package, help and errors of usage with one more', () => {
  expect(loadedBy('src/cli/main.ts').packages).toEqual(['fastest-levenshtein']);
  expect(loadedBy('src/cli/arguments.ts').packages).toEqual(['commander', 'fastest-levenshtein']);
  for (const room of loadedBy('src/cli/main.ts', 'src/cli/arguments.ts').files) {
    expect(room).toMatch(/^(cli|core)\b/);
  }
});
