import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { ToolkitError } from '../errors.js';
import { isFile } from '../files.js';

/** The keyword in the package.json of packages with plug-ins: a mistyped name runs no other package. */
const KEYWORD = 'mnist-train-plugin';
const FILE_NAME = /\.(mjs|js|cjs|mts|ts)$/;
/** How files of models end, which are named by mistake where a plug-in is needed. */
const DATA = /\.(json|keras|h5|hdf5|onnx|safetensors)$/i;
const PACKAGE_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

const manifestSchema = z.looseObject({
  keywords: z.array(z.string()).optional(),
  main: z.string().optional(),
  exports: z.unknown(),
});

/** Whether a value names a file, and no entry of a registry and no package. */
export function isFileSpecifier(value: string): boolean {
  return value.startsWith('file:') || /^\.\.?[\\/]/.test(value) || isAbsolute(value) || FILE_NAME.test(value);
}

/** Whether a value ends like the file of a program. */
export function isProgram(value: string): boolean {
  return FILE_NAME.test(value);
}

/**
 * Finds the file of a plug-in: by its path, or by the name of a package that is installed in the current folder or one above it. Throws
 * PLUGIN_REFUSED.
 */
export async function locatePlugin(specifier: string): Promise<string> {
  if (!isFileSpecifier(specifier)) {
    const file = await packageFile(specifier);
    if (file !== undefined) return file;
    throw pluginRefused(specifier, 'there is no such package here', `install it: npm install ${specifier}`);
  }
  if (DATA.test(specifier)) {
    const hint =
      'a plug-in is an .mjs, .js or .ts file; a saved model begins training with "mnist train --model FILE"';
    throw pluginRefused(specifier, 'not a program', hint);
  }
  const file = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(specifier);
  if (file.endsWith('.cjs'))
    throw pluginRefused(specifier, 'a CommonJS module', 'write it as an ES module (.mjs)');
  if (await isFile(file)) return file;
  throw pluginRefused(
    specifier,
    'there is no such file',
    'check the path; it is relative to the current folder',
  );
}

/** The file of an installed package that declares to be a plug-in; undefined if there is no such package. Throws PLUGIN_REFUSED. */
export async function packageFile(name: string): Promise<string | undefined> {
  if (!PACKAGE_NAME.test(name)) return undefined;
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    const text = await readFile(join(place, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) return entryOf(name, place, text);
    if (folder === dirname(folder)) return undefined;
  }
}

function entryOf(name: string, folder: string, text: string): string {
  const manifest = manifestSchema.safeParse(parsed(text));
  const { keywords = [], main, exports } = manifest.data ?? { exports: undefined };
  if (!keywords.includes(KEYWORD)) {
    const hint = `a package of plug-ins has the keyword "${KEYWORD}" in its package.json`;
    throw pluginRefused(name, 'the package does not say that it is one', hint);
  }
  return join(folder, exportedFile(exports) ?? main ?? 'index.js');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The file of the export "." for an import by Node.js. */
function exportedFile(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const conditions = exports as Readonly<Record<string, unknown>>;
  const found = ['.', 'node', 'import', 'default'].find((key) => key in conditions);
  return found === undefined ? undefined : exportedFile(conditions[found]);
}

/** The error for a module that is no usable plug-in. */
export function pluginRefused(module: string, reason: string, hint: string): ToolkitError {
  return new ToolkitError('PLUGIN_REFUSED', { module, reason, hint });
}
