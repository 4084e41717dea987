import { join } from 'node:path';

import { z } from 'zod';

import { readSearch, SearchFolder } from '../../artifacts/search.js';
import { callerLayer } from '../../core/config/layers.js';
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
import { nearest } from '../../core/registry.js';
import { complaintOf } from '../../core/validation.js';
import { isList, type SearchSpace } from '../../training/search/space.js';
import { searchSettingsSchema, type SearchSettings } from '../../training/search/settings.js';
import { RUN_NAME } from '../../artifacts/run.js';
import { backendOptions } from '../../engine/backends/options.js';
import { checkpointsDirOption } from '../../core/config/common-options.js';
import { inWords, trainFields, trainSpace } from '../train/train-options.js';

/** The options of `search`: the section that says what is tried, and all of `train` that trials have in common. */
export const searchFields = z.strictObject({
  ...trainFields.omit({ stopAfter: true, minAccuracy: true, reproduce: true }).shape,
  search: z.record(z.string(), z.unknown()).optional().meta({
    description: 'what is tried and how: a section of the configuration file',
    allowed: 'a section of a configuration file, as docs/search.md describes it',
    placeholder: 'SECTION',
  }),
  run: z.string().regex(RUN_NAME).optional().meta({
    description: 'name of the search; else made from the data set and the time',
    allowed: 'a name of letters, digits, dots, dashes and underscores',
  }),
  resume: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'continue a search that was interrupted', placeholder: 'SEARCH' }),
  plot: z.string().min(1).optional().meta({
    description: 'where the plot of the trials goes, .svg or .png; else into the search’s folder',
    placeholder: 'FILE',
  }),
});

export const searchSpace = { ...trainSpace, fields: searchFields };

export type SearchConfiguration = Resolved<typeof searchSpace>;
export type SearchResolution = Resolution<typeof searchSpace>;

/** What a call of `search` is about, and no trial. */
const CALL: ReadonlySet<string> = new Set(['run', 'resume', 'plot', 'dataDir', 'checkpointsDir', 'search']);

/** Where and with what the trials run: may be otherwise when a search is resumed. */
const SURROUNDINGS: ReadonlySet<string> = new Set([
  ...['run', 'resume', 'plot', 'dataDir', 'checkpointsDir'],
  ...Object.keys(backendOptions),
]);

/** The options that trials cannot differ in: a comparison needs the same images for all, and the same epochs. */
const COMMON: ReadonlySet<string> = new Set([
  ...SURROUNDINGS,
  ...['dataset', 'validationSplit', 'epochs', 'stopAfter', 'minAccuracy', 'initFrom', 'reproduce'],
]);

/** The search that a name means: its folder, or a name in the folder of runs. */
export function searchFolder(name: string, checkpointsDir: string): SearchFolder {
  return new SearchFolder(/[\\/]/.test(name) ? name : join(checkpointsDir, name));
}

/**
 * Merges and validates the settings of a search, of which the first layer has precedence. A fixed option of a model or an
 * optimiser that is searched for becomes one of the space, with one value: it holds in the trials that have it. A search to be
 * resumed brings its own configuration, with which the layers must agree.
 *
 * Throws the errors of `resolveOptions`, SEARCH_INVALID, SEARCH_UNUSABLE and RESUME_CONFLICT.
 */
export async function resolveSearch(layers: readonly Layer[]): Promise<SearchResolution> {
  const resume = firstValue(layers, 'resume');
  if (typeof resume !== 'string') return resolveGiven(layers);
  const checkpointsDir = checkpointsDirOption.parse(firstValue(layers, 'checkpointsDir'));
  const { settings, fixed } = await readSearch(searchFolder(resume, checkpointsDir));
  const stored: Record<string, unknown> = { ...fixed, search: settings };
  for (const { values, label } of layers) {
    for (const [key, value] of Object.entries(values)) {
      const isSearched = !(key in fixed) && key in (parseSection(settings).space as object);
      if (value === undefined || SURROUNDINGS.has(key) || isSearched) continue;
      const details = { run: resume, stored: inWords(stored[key]) };
      const given = inWords(value);
      // A section is written with its defaults, and without them where it is given.
      const isSame = key === 'search' ? isSameSection(value, settings) : details.stored === given;
      if (!isSame) throw new ToolkitError('RESUME_CONFLICT', { ...details, option: label(key), given });
    }
  }
  const storedLayer: Layer = { ...callerLayer(stored), origin: () => `the search "${resume}"` };
  const own = layers.map((layer) => ({
    ...layer,
    values: Object.fromEntries(Object.entries(layer.values).filter(([key]) => SURROUNDINGS.has(key))),
  }));
  return resolveGiven([...own, storedLayer]);
}

/** The settings of a program's call, validated. Throws what `resolveSearch` throws. */
export function resolveSearchOptions(options: Readonly<Record<string, unknown>>): Promise<SearchResolution> {
  return resolveSearch([callerLayer(options)]);
}

/** How the trials are chosen. Throws SEARCH_INVALID where the section is missing or wrong. */
export function searchSettings({ search, epochs }: SearchConfiguration): SearchSettings {
  const parsed = parseSection(search);
  const maxEpochs = parsed.maxEpochs ?? epochs;
  if (parsed.minEpochs <= maxEpochs) return { ...parsed, maxEpochs };
  throw invalid(`minEpochs: ${parsed.minEpochs} is more than the ${maxEpochs} epochs of the longest trial`);
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
    throw invalid('validationSplit is 0, and without validation images there is nothing to choose by');
  }
  searchSettings(resolution.values);
  return resolution;
}

function parseSection(section: unknown): z.output<typeof searchSettingsSchema> {
  if (section === undefined) {
    throw invalid('there is no section "search"; give a configuration file that has one, with --config');
  }
  const parsed = searchSettingsSchema.safeParse(section);
  if (parsed.success) return parsed.data;
  throw invalid(complaintOf(parsed.error));
}

/** Refuses options that there are not or that trials cannot differ in, and values that no model and optimiser takes. */
function requireKnown(space: SearchSpace): void {
  const known = allFields(trainSpace);
  for (const [key, dimension] of Object.entries(space)) {
    const field = known.get(key);
    if (!field) {
      const meant = nearest(key, [...known.keys()]);
      throw invalid(
        `space.${key}: no option of train${meant === undefined ? '' : ` (did you mean ${meant}?)`}`,
      );
    }
    if (COMMON.has(key)) throw invalid(`space.${key}: must be the same in all trials`);
    const values = isList(dimension) ? dimension : [dimension.min, dimension.max];
    for (const value of values) {
      if (!isAllowed(key, value)) {
        throw invalid(`space.${key}: ${JSON.stringify(value)} is not allowed, it must be ${field.allowed}`);
      }
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

function firstValue(layers: readonly Layer[], key: string): unknown {
  return layers.find(({ values }) => values[key] !== undefined)?.values[key];
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
