import { pathToFileURL } from 'node:url';

import { messageOf } from '../errors.js';
import { openRegistry, type Registry, type Named } from '../registry.js';
import { complaintAbout, isDefinition, type PluginDefinition } from './definition.js';
import { guarded, locateIn, pluginError, type Locate } from './guard.js';
import { locatePlugin, pluginRefused } from './locate.js';
import { shareOwnPackages } from './resolution.js';
import { hashSources, type PluginSources } from './source-hash.js';

/** A loaded file of plug-ins. */
export interface LoadedPlugin extends PluginSources {
  /** As the user named it. */
  module: string;
  file: string;
  definitions: readonly PluginDefinition[];
}

const HINT = 'docs/plugins.md describes plug-ins';

/** The loaded files, by path: Node.js runs a module once. */
const loaded = new Map<string, Promise<LoadedPlugin>>();

/**
 * Loads a file or package of plug-ins and registers what it defines. Its code runs with all rights of this process, so only what a user
 * names is loaded, never what a checkpoint names. Throws PLUGIN_REFUSED and PLUGIN_FAILED.
 *
 * @param expected the kind of a definition that does not say its own
 */
export async function loadPlugin(
  module: string,
  { expected, acceptsChanges = false }: { expected?: string; acceptsChanges?: boolean } = {},
): Promise<LoadedPlugin> {
  const file = await locatePlugin(module);
  const earlier = loaded.get(file);
  const loading = earlier ?? importPlugin(module, file);
  loaded.set(file, loading);
  const plugin = await loading;
  if (earlier && (await sourcesOf(module, file)).sha256 !== plugin.sha256) {
    throw pluginRefused(module, 'it has changed since this process loaded it', 'start the program again');
  }
  const locate = locateIn(plugin.files);
  for (const definition of plugin.definitions) {
    register(definition, expected, { ...plugin, module }, locate, acceptsChanges);
  }
  return plugin;
}

async function importPlugin(module: string, file: string): Promise<LoadedPlugin> {
  const sources = await sourcesOf(module, file);
  shareOwnPackages();
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw pluginError(error, locateIn(sources.files), file);
  }
  const values = Object.values(exported).flatMap((value: unknown) => value);
  const definitions = [...new Set(values)].filter(isDefinition);
  if (definitions.length > 0) return { module, file, ...sources, definitions };
  throw pluginRefused(
    module,
    'it exports no definition',
    'export default defineModel({ … }); see docs/plugins.md',
  );
}

async function sourcesOf(module: string, file: string): Promise<PluginSources> {
  try {
    return await hashSources(file);
  } catch (error) {
    throw pluginRefused(
      module,
      `it cannot be read: ${messageOf(error)}`,
      'check the file and what it imports',
    );
  }
}

function register(
  definition: PluginDefinition,
  expected: string | undefined,
  { module, file, sha256 }: LoadedPlugin,
  locate: Locate,
  acceptsChanges: boolean,
): void {
  const kind = definition.kind ?? expected;
  if (kind === undefined) {
    throw pluginRefused(
      module,
      `${definition.name} does not state its kind`,
      'make it with defineModel, defineOptimizer or another of these functions',
    );
  }
  const registry = openRegistry(kind);
  // A command that has no use for optimisers does not load their registry.
  if (!registry) return;
  const complaint =
    complaintAbout(definition, registry.calls ?? []) ?? complaintAboutName(registry, definition, sha256);
  if (complaint !== undefined) throw pluginRefused(module, complaint, HINT);
  const safe = Object.fromEntries(
    Object.entries(definition).map(([key, value]) =>
      typeof value === 'function' ? [key, guarded(value as object, locate, file)] : [key, value],
    ),
  ) as unknown as Named;
  registry.add(safe, { module, sha256, acceptsChanges });
}

function complaintAboutName(registry: Registry<Named>, { name }: Named, sha256: string): string | undefined {
  if (!registry.get(name)) return undefined;
  const origin = registry.originOf(name);
  if (origin?.sha256 === sha256) return undefined;
  return `the name ${name} is taken by ${origin ? origin.module : `a built-in ${registry.kind}`}`;
}
