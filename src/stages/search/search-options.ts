import { dirname, join, normalize } from 'node:path';

import { z } from 'zod';

import { readSearch, SearchFolder } from '../../artifacts/search.js';
import { callerLayer, firstValue } from '../../core/config/layers.js';
import {
  allFields,
  DEFAULT_ORIGIN,
  optionFields,
  resolveOptions,
  type Layer,
  type Resolution,
  type Resolved,
} from '../../core/config/resolve.js';
import { ToolkitError } from '../../core/errors.js';
import { fileSize } from '../../core/files.js';
import { nearest } from '../../core/registry.js';
import { complaintOf } from '../../core/validation.js';
import { isList, type SearchSpace } from '../../training/search/space.js';
import { searchSettingsSchema, type SearchSettings } from '../../training/search/settings.js';
import { RUN_NAME } from '../../artifacts/run.js';
import { backendOptions } from '../../engine/backends/options.js';
import { checkpointsDirOption, pluginOptions } from '../../core/config/common-options.js';
import { loadNamedPlugins } from '../../core/plugins/named-plugins.js';
import { withClassWeights } from '../train/class-weights-file.js';
import { folderFields } from '../train/train-folder.js';
import { privacyFields } from '../train/privacy-options.js';
import { workerFields } from '../train/workers/worker-options.js';
import {
  optionText,
  trainFields,
  trainSpace,
  trialChoices,
  trustedSettings,
} from '../train/train-options.js';

/** The options of `train` that a search does not have: its trials are neither private nor trained by several workers, on data that are there. */
const notSearched = Object.fromEntries(
  Object.keys({ ...privacyFields, ...workerFields, ...folderFields }).map((key) => [key, true]),
) as Record<keyof typeof privacyFields | keyof typeof workerFields | keyof typeof folderFields, true>;

/** Trials are ranked by accuracy or loss, and by no other metric. */
const notOfTrials = {
  stopAfter: true,
  minAccuracy: true,
  reproduce: true,
  findLearningRate: true,
  bestBy: true,
} as const;

/** The options of `search`: the section that says what is tried, and all of `train` that trials have in common. */
export const searchFields = z.strictObject({
  // A search compares its trials on validation images, and each spends privacy: nothing would account for the choice.
  ...trainFields.omit({ ...notOfTrials, ...notSearched }).shape,
  search: z.record(z.string(), z.unknown()).optional().meta({
    description: 'search space and strategy, a section of the configuration file',
    allowed: 'a section of a configuration file, see docs/search.md',
    placeholder: 'SECTION',
  }),
  workers: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .meta({ description: 'worker processes on this machine, each with a trial of its own' }),
  run: z.string().regex(RUN_NAME).optional().meta({
    description: 'name of the search; without it, made from data set and time',
    allowed: 'letters, digits, dots, dashes and underscores',
  }),
  resume: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'continue an interrupted search', placeholder: 'SEARCH' }),
  plot: z.string().min(1).optional().meta({
    description: 'file for the plot of the trials, .svg or .png; without it, in the search’s folder',
    placeholder: 'FILE',
  }),
});

export const searchSpace = { fields: searchFields, choices: trialChoices };

export type SearchConfiguration = Resolved<typeof searchSpace>;
export type SearchResolution = Resolution<typeof searchSpace>;

/** The options of the search itself, which trials do not have. */
const CALL: ReadonlySet<string> = new Set([
  ...['run', 'resume', 'plot', 'workers', 'dataDir', 'checkpointsDir', 'search'],
  ...Object.keys(pluginOptions),
]);

/** The options that may change when a search is resumed: name, workers, folders and backend. */
const ENVIRONMENT_OPTIONS: ReadonlySet<string> = new Set([
  ...['run', 'resume', 'plot', 'workers', 'dataDir', 'checkpointsDir'],
  ...Object.keys(pluginOptions),
  ...Object.keys(backendOptions),
]);

/** The options that trials cannot differ in: a comparison needs the same images for all, and the same epochs. */
const COMMON: ReadonlySet<string> = new Set([
  ...ENVIRONMENT_OPTIONS,
  ...Object.keys(workerFields),
  ...['dataset', 'validationSplit', 'epochs', 'stopAfter', 'minAccuracy', 'initFrom', 'reproduce'],
  ...['bestBy', 'metric'],
]);

/** Resolves a name to a search: its `search.json`, its folder, or a name in the folder of runs. */
export async function searchFolder(name: string, checkpointsDir: string): Promise<SearchFolder> {
  const holder = new SearchFolder(dirname(name));
  if (holder.state === normalize(name) && (await fileSize(name)) !== undefined) return holder;
  return new SearchFolder(/[\\/]/.test(name) ? name : join(checkpointsDir, name));
}

/**
 * Merges and validates the settings of a search, of which the first layer has precedence. A fixed option of a model or an
 * optimiser that is searched for becomes one of the space, with one value: it holds in the trials that have it. A search to be
 * resumed brings its own configuration, with which the layers must agree.
 *
 * Throws the errors of `resolveOptions`, SEARCH_INVALID, SEARCH_UNUSABLE and RESUME_CONFLICT.
 */
export async function resolveSearch(given: readonly Layer[]): Promise<SearchResolution> {
  const layers = await withClassWeights(given);
  const resume = firstValue(layers, 'resume');
  if (typeof resume !== 'string') return resolveGiven(layers);
  const checkpointsDir = checkpointsDirOption.parse(firstValue(layers, 'checkpointsDir'));
  const folder = await searchFolder(resume, checkpointsDir);
  const { settings, fixed: written } = await readSearch(folder);
  refuseOtherName(layers, folder);
  const fixed = trustedSettings(written);
  const stored: Record<string, unknown> = { ...fixed, search: settings };
  for (const { values, label } of layers) {
    for (const [key, value] of Object.entries(values)) {
      const isSearched = !(key in fixed) && key in (parseSection(settings).space as object);
      if (value === undefined || ENVIRONMENT_OPTIONS.has(key) || isSearched) continue;
      const details = { run: resume, stored: optionText(stored[key]) };
      const text = optionText(value);
      // A section is written with its defaults, and without them where it is given.
      const isSame = key === 'search' ? isSameSection(value, settings) : details.stored === text;
      if (!isSame) throw new ToolkitError('RESUME_CONFLICT', { ...details, option: label(key), given: text });
    }
  }
  const storedLayer: Layer = { ...callerLayer(stored), origin: () => `search "${resume}"`, isShared: true };
  const own = layers.map((layer) => ({
    ...layer,
    values: Object.fromEntries(Object.entries(layer.values).filter(([key]) => ENVIRONMENT_OPTIONS.has(key))),
  }));
  return resolveGiven([...own, storedLayer]);
}

/** The settings of a program's call, validated, with their plug-ins loaded. Throws what `resolveSearch` and `loadNamedPlugins` throw. */
export async function resolveSearchOptions(
  options: Readonly<Record<string, unknown>>,
): Promise<SearchResolution> {
  return resolveSearch(await loadNamedPlugins(searchSpace, [callerLayer(options)]));
}

/** How the trials are chosen. Throws SEARCH_INVALID where the section is missing or wrong. */
export function searchSettings({ search, epochs }: SearchConfiguration): SearchSettings {
  const parsed = parseSection(search);
  const maxEpochs = parsed.maxEpochs ?? epochs;
  if (parsed.minEpochs <= maxEpochs) return { ...parsed, maxEpochs };
  throw invalid(`minEpochs is ${parsed.minEpochs}, more than maxEpochs (${maxEpochs})`);
}

/** The options that all trials have, as they were given; the rest are defaults. */
export function fixedOptions({ flat, origins }: SearchResolution): Record<string, unknown> {
  const isFixed = ([key, value]: [string, unknown]): boolean =>
    value !== undefined && origins.get(key) !== DEFAULT_ORIGIN && !CALL.has(key);
  return Object.fromEntries(Object.entries(flat).filter(isFixed));
}

function resolveGiven(layers: readonly Layer[]): SearchResolution {
  const section = parseSection(firstValue(layers, 'search'));
  const moved: Record<string, unknown[]> = {};
  for (const [name, choice] of Object.entries(trainSpace.choices)) {
    if (!(name in section.space)) continue;
    for (const option of optionFields(choice).keys()) {
      const value = firstValue(layers, option);
      if (value !== undefined && !(option in section.space)) moved[option] = [value];
    }
  }
  const space: SearchSpace = { ...section.space, ...moved } as SearchSpace;
  requireKnown(space);
  requireUsed(space, layers);
  const taken = new Set([...Object.keys(space), 'search']);
  const rest = layers.map((layer) => ({
    ...layer,
    values: Object.fromEntries(Object.entries(layer.values).filter(([key]) => !taken.has(key))),
  }));
  const settled: Layer = {
    ...(layers.find(({ values }) => values['search'] !== undefined) ?? callerLayer({})),
    values: { search: { ...section, space } },
  };
  const resolution = resolveOptions(searchSpace, [settled, ...rest]);
  if (resolution.values.validationSplit === 0) {
    throw invalid('validationSplit is 0, but trials are compared on validation images');
  }
  searchSettings(resolution.values);
  return resolution;
}

function parseSection(section: unknown): z.output<typeof searchSettingsSchema> {
  if (section === undefined) {
    throw invalid('no section "search"; give a configuration file that has one with --config');
  }
  const parsed = searchSettingsSchema.safeParse(section);
  if (parsed.success) return parsed.data;
  throw invalid(complaintOf(parsed.error));
}

/** Throws RESUME_CONFLICT where a search that is continued is to have another name. */
function refuseOtherName(layers: readonly Layer[], { name }: SearchFolder): void {
  const run = firstValue(layers, 'run');
  if (run === undefined || run === name) return;
  const details = { option: 'run', run: name, stored: optionText(name), given: optionText(run) };
  throw new ToolkitError('RESUME_CONFLICT', details);
}

/** Refuses options that there are not or that trials cannot differ in, and values that no model and optimiser takes. */
function requireKnown(space: SearchSpace): void {
  const known = allFields(trainSpace);
  for (const [key, dimension] of Object.entries(space)) {
    const field = known.get(key);
    if (!field) {
      const suggestion = nearest(key, [...known.keys()]);
      throw invalid(
        `space.${key} is not an option of train${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}`,
      );
    }
    if (key in privacyFields)
      throw invalid(`space.${key}: a search has no private trials, as nothing accounts for its choice`);
    if (COMMON.has(key)) throw invalid(`space.${key} must be the same in all trials`);
    const values = isList(dimension) ? dimension : [dimension.min, dimension.max];
    for (const value of values) {
      if (!isAllowed(key, value)) {
        throw invalid(`space.${key} is ${JSON.stringify(value)}, but must be ${field.allowed}`);
      }
    }
  }
}

/** Refuses options that no trial has: those of plug-ins that none of them takes. */
function requireUsed(space: SearchSpace, layers: readonly Layer[]): void {
  for (const [name, choice] of Object.entries(trainSpace.choices)) {
    const dimension = space[name];
    const chosen = dimension && isList(dimension) ? dimension : [firstValue(layers, name) ?? choice.fallback];
    const taken = chosen.filter((plugin) => typeof plugin === 'string');
    for (const [key, { plugins }] of optionFields(choice)) {
      if (!(key in space) || taken.some((plugin) => plugins?.has(plugin))) continue;
      throw invalid(`${key} is an option of no ${name} that is tried (${taken.join(', ')})`);
    }
  }
}

function isAllowed(key: string, value: unknown): boolean {
  const choices = Object.entries(trainSpace.choices);
  const choice = choices.find(([name]) => name === key)?.[1];
  if (choice) return typeof value === 'string' && choice.registry.get(value) !== undefined;
  const shapes = [
    trainFields.shape,
    ...choices.flatMap(([, { registry }]) => [...registry].map(({ options }) => options.shape)),
  ] as Readonly<Record<string, z.ZodType>>[];
  return shapes.some((shape) => shape[key]?.safeParse(value).success);
}

function isSameSection(given: unknown, stored: Readonly<Record<string, unknown>>): boolean {
  const { space, ...rest } = parseSection(given);
  const { space: storedSpace, ...storedRest } = parseSection(stored);
  const isInStored = Object.entries(space).every(
    ([key, dimension]) => JSON.stringify(dimension) === JSON.stringify(storedSpace[key]),
  );
  return isInStored && JSON.stringify(rest) === JSON.stringify(storedRest);
}

function invalid(reason: string): ToolkitError {
  return new ToolkitError('SEARCH_INVALID', { reason });
}
