import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import type { CheckpointDescription } from '../../artifacts/checkpoint.js';
import { ToolkitError } from '../../core/errors.js';
import { loadPlugin } from '../../core/plugins/load.js';
import { isFileSpecifier } from '../../core/plugins/locate.js';
import type { PluginRecord } from '../../core/plugins/records.js';
import { hashSources } from '../../core/plugins/source-hash.js';
import { openRegistry } from '../../core/registry.js';

/** Where the files of plug-ins lie in an exported folder, each plug-in in a folder of its own. */
const FOLDER = 'plugins';

/** What a program needs of plug-ins. */
export interface ExportedPlugins {
  /** The options that load them, with paths from the exported folder on. */
  words: readonly string[];
}

/** Which plug-ins a target takes along. */
export interface WantedPlugins {
  target: string;
  /** Their kinds; left out, all that the checkpoint names. */
  kinds?: readonly string[];
}

/**
 * Copies the plug-ins that a checkpoint needs into an exported folder, with the files that they import. Throws EXPORT_UNSUPPORTED for a package,
 * and for files that import one: the image has this package alone. Throws what `loadPlugin` throws, and storage errors.
 */
export async function copyPlugins(
  { plugins = [] }: Pick<CheckpointDescription, 'plugins'>,
  folder: string,
  { target, kinds }: WantedPlugins,
): Promise<ExportedPlugins> {
  const needed = plugins.filter(({ kind }) => kinds?.includes(kind) ?? true);
  // One file may define both a model and features.
  const paths = new Map<string, string>();
  let isChanged = false;
  for (const record of needed) {
    // As it was loaded: a checkpoint names files of whoever wrote it.
    const origin = openRegistry(record.kind)?.originOf(record.name);
    // What is not loaded is not used.
    if (!origin) continue;
    isChanged ||= origin.sha256 !== record.sha256;
    const { module } = origin;
    if (paths.has(module)) continue;
    paths.set(module, await copyPlugin(target, record, module, folder, `${FOLDER}/${paths.size + 1}`));
  }
  if (paths.size === 0) return { words: [] };
  const files = [...paths.values()].join(',');
  return { words: ['--plugin', files, ...(isChanged ? ['--allow-changed-plugins'] : [])] };
}

/** Copies a plug-in; returns the path of its file from the exported folder on. */
async function copyPlugin(
  target: string,
  record: PluginRecord,
  module: string,
  folder: string,
  place: string,
): Promise<string> {
  if (!isFileSpecifier(module))
    throw refusal(target, record, `is the package ${module}, which the image does not have`);
  const { file, files, packages, sha256 } = await loadPlugin(module);
  const foreign = packages.find((name) => !/^(node:|mnist-train(\/|$))/.test(name));
  if (foreign !== undefined)
    throw refusal(target, record, `imports the package ${foreign}, which the image does not have`);
  // With their paths to each other, by which they import each other.
  const root = commonFolder(files);
  const copyOf = (path: string): string => join(folder, place, relative(root, path));
  for (const path of files) {
    await mkdir(dirname(copyOf(path)), { recursive: true });
    await copyFile(path, copyOf(path));
  }
  const copied = await hashSources(copyOf(file));
  if (copied.sha256 !== sha256) throw refusal(target, record, 'has changed since it was loaded');
  return `${place}/${relative(root, file).split(sep).join('/')}`;
}

function refusal(target: string, { kind, name }: PluginRecord, reason: string): ToolkitError {
  return new ToolkitError('EXPORT_UNSUPPORTED', {
    target,
    reason: `the plug-in of its ${kind} "${name}" ${reason}`,
  });
}

/** The deepest folder that holds all files. */
function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0]!);
  while (!files.every((file) => file.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
    folder = dirname(folder);
  }
  return folder;
}
