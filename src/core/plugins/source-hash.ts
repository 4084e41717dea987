import { readFile } from 'node:fs/promises';
import { dirname, extname, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { init, parse } from 'es-module-lexer';

import { sha256 } from '../hashing.js';

/** The files of a plug-in and their hash. */
export interface PluginSources {
  /** The plug-in's file first, then those that it imports by relative paths. */
  files: readonly string[];
  /** What they import by a name: packages, and modules of Node.js. */
  packages: readonly string[];
  /** The SHA-256 of a plug-in's only file; of several, that of a list of their hashes and paths. */
  sha256: string;
}

const MAX_FILES = 1000;
const CODE = new Set(['.mjs', '.js', '.mts', '.ts']);

/**
 * Hashes a plug-in's file, with all files that it imports by relative paths: those of packages have versions of their own. Throws system
 * errors, also for an imported file that is missing.
 */
export async function hashSources(file: string): Promise<PluginSources> {
  await init;
  const hashes = new Map<string, string>();
  const packages = new Set<string>();
  const waiting = [file];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (hashes.has(path)) continue;
    if (hashes.size === MAX_FILES) throw new Error(`it imports more than ${MAX_FILES} files`);
    const bytes = await readFile(path);
    hashes.set(path, sha256(bytes));
    if (!CODE.has(extname(path))) continue;
    for (const name of importsOf(path, bytes.toString('utf8'))) {
      if (/^\.\.?\//.test(name)) waiting.push(fileURLToPath(new URL(name, pathToFileURL(path))));
      else packages.add(name);
    }
  }
  const [own] = hashes.values();
  if (hashes.size === 1) return { files: [file], packages: [...packages], sha256: own! };
  const lines = [...hashes].map(
    ([path, hash]) => `${hash}  ${relative(dirname(file), path).replaceAll('\\', '/')}\n`,
  );
  return {
    files: [...hashes.keys()],
    packages: [...packages],
    sha256: sha256(lines.sort().join('')),
  };
}

/** What a file imports, as it is written there. */
function importsOf(path: string, source: string): string[] {
  try {
    const [imports] = parse(source, path);
    return imports.flatMap(({ n: name }) => name ?? []);
  } catch {
    // What is no JavaScript fails when it is imported, with a better message.
    return [];
  }
}
