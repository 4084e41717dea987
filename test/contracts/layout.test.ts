import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';

import { entries, rooms } from '../../scripts/rooms.mjs';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));
const MOST_FILES = 20;
/** Folders of plug-ins, one file each: these may grow. */
const PLUGINS = ['cli/commands', 'models/layers'];

/** What each file of src/ imports, types included. */
let imports: Map<string, string[]>;

beforeAll(async () => {
  const names = await readdir(SOURCES, { recursive: true });
  const files = names.filter((file) => file.endsWith('.ts'));
  imports = new Map(
    await Promise.all(files.map(async (file): Promise<[string, string[]]> => [file, await importsOf(file)])),
  );
});

async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(join(SOURCES, file), 'utf8');
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(file), name)).replace(/\.js$/, '.ts'));
}

/** The level of a file; a public entry such as index.ts stands right below the command line. */
function levelOf(file: string): number {
  const [room = ''] = file.split('/');
  return room === file ? 0.5 : rooms.indexOf(room);
}

/** A path of imports that leads back to its beginning, if there is one. */
function findCircle(): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const circle = visit(imported, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

describe('the layout of src', () => {
  it('finds the imports that it judges', () => {
    expect(imports.size).toBeGreaterThan(400);
    expect(imports.get('index.ts')).toContain('stages/train/train.ts');
    expect(imports.get('reports/evaluation/content.ts')).toContain('evaluation/evaluation.ts');
    for (const [file, imported] of imports) {
      for (const other of imported) expect(imports.has(other), `${file} imports ${other}`).toBe(true);
    }
  });

  it('has the rooms that the linter knows', async () => {
    const found = await readdir(SOURCES, { withFileTypes: true });
    const folders = found.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.sort()).toEqual([...rooms].sort());
    expect(rooms.length).toBeLessThanOrEqual(14);
  });

  it('has the entries that the linter knows, and package.json exports no other', async () => {
    const files = [...imports.keys()].filter((file) => !file.includes('/'));
    expect(entries).toEqual(expect.arrayContaining(files));
    const manifest = await readFile(join(SOURCES, '..', 'package.json'), 'utf8');
    const { exports } = JSON.parse(manifest) as { exports: Record<string, string | { default: string }> };
    const modules = Object.values(exports).flatMap((target) =>
      typeof target === 'string'
        ? []
        : target.default.replace(/^\.\/(dist\/)?/, '').replace(/(\/index)?\.js$/, '.ts'),
    );
    expect(modules).toContain('tensorflow.ts');
    expect(files.filter((file) => file !== 'options.ts').sort()).toEqual(modules.sort());
  });

  it('has no imports that point up', () => {
    const upwards = [...imports].flatMap(([file, imported]) =>
      imported.filter((other) => levelOf(other) < levelOf(file)).map((other) => `${file} → ${other}`),
    );
    expect(upwards).toEqual([]);
  });

  it('has collection on top of the folders of src/data, and what they share below', () => {
    const order = ['collection', 'preparation', 'likeness', 'imaging', 'datasets'];
    const levelIn = (file: string): number => {
      const [, folder = '', rest] = file.split('/');
      return rest === undefined ? order.length : order.indexOf(folder);
    };
    const within = [...imports].filter(([file]) => file.startsWith('data/'));
    expect(within.filter(([file]) => levelIn(file) < 0)).toEqual([]);
    const upwards = within.flatMap(([file, imported]) =>
      imported
        .filter((other) => other.startsWith('data/') && levelIn(other) < levelIn(file))
        .map((other) => `${file} → ${other}`),
    );
    expect(upwards).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(findCircle()).toBeUndefined();
  });

  it('lets src/tensorflow and its entry import core alone', () => {
    const others = [...imports].flatMap(([file, imported]) =>
      /^tensorflow[/.]/.test(file) ? imported.filter((other) => !/^(tensorflow|core)\//.test(other)) : [],
    );
    expect(others).toEqual([]);
  });

  it(`has at most ${MOST_FILES} files side by side, but for plug-ins`, () => {
    const counts = new Map<string, number>();
    for (const file of imports.keys()) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const crowded = [...counts].filter(([folder, count]) => count > MOST_FILES && !PLUGINS.includes(folder));
    expect(crowded).toEqual([]);
  });
});
