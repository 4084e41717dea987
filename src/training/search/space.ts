import { z } from 'zod';

import { Random } from '../../core/random.js';

/** The distributions of a range: uniform or log-uniform, over real numbers or integers. */
const distributionNames = ['uniform', 'log-uniform', 'integer', 'log-integer'] as const;

type Distribution = (typeof distributionNames)[number];

const isLogarithmic = (distribution: Distribution): boolean => distribution.startsWith('log-');
const isInteger = (distribution: Distribution): boolean => distribution.endsWith('integer');

const range = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    distribution: z.enum(distributionNames).default('uniform'),
  })
  .refine(({ min, max }) => min < max, 'min must be below max')
  .refine(({ min, distribution }) => min > 0 || !isLogarithmic(distribution), {
    message: 'a logarithmic range must lie above 0',
  })
  .refine(
    ({ min, max, distribution }) =>
      !isInteger(distribution) || (Number.isInteger(min) && Number.isInteger(max)),
    'min and max of an integer range must be integers',
  );

const values = z.array(z.json()).min(1, 'a list of values must not be empty');

/** The values that a search tries for an option: a list, or a range that includes both ends. */
export const dimensionSchema = z.union([values, range], { error: describeDimension });

/** A dimension of a search space: a list of values, or a range. */
export type Dimension = z.output<typeof dimensionSchema>;

/** The searched options and their dimensions. */
export type SearchSpace = Readonly<Record<string, Dimension>>;

function describeDimension({ input }: { input?: unknown }): string {
  const form = 'must be a list of values, or {"min": …, "max": …, "distribution": …}';
  const issue = range.safeParse(input).error?.issues[0];
  const isRange = typeof input === 'object' && input !== null && 'min' in input;
  return isRange && issue ? `${[...issue.path, ''].join(': ')}${issue.message}` : form;
}

/** Whether a dimension is a list of values, not a range. */
export function isList(dimension: Dimension): dimension is z.output<typeof values> {
  return Array.isArray(dimension);
}

/** Whether a dimension has more than one value. */
export function isVaried(dimension: Dimension): boolean {
  return !isList(dimension) || dimension.length > 1;
}

/** Whether a dimension is a range with a logarithmic distribution. */
export function isLogRange(dimension: Dimension): boolean {
  return !isList(dimension) && isLogarithmic(dimension.distribution);
}

/**
 * Draws the configuration of a trial: a value for each option of the space. Each option and trial has its own stream of random
 * numbers, so that adding options or trials does not change the other values.
 */
export function drawSettings(space: SearchSpace, seed: number, trial: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(space).map(([key, dimension]) => [
      key,
      draw(dimension, new Random(seed, `search/${key}`, trial)),
    ]),
  );
}

function draw(dimension: Dimension, random: Random): unknown {
  if (isList(dimension)) return dimension[random.integer(dimension.length)];
  const { min, max, distribution } = dimension;
  // The range is half a unit wider at each end, so that both ends are as likely as the other integers.
  const [low, high] = isInteger(distribution) ? [min - 0.5, max + 0.5] : [min, max];
  const [from, to] = isLogarithmic(distribution) ? [Math.log(low), Math.log(high)] : [low, high];
  const drawn = from + (to - from) * random.uniform();
  const value = isLogarithmic(distribution) ? Math.exp(drawn) : drawn;
  // Four significant digits are enough, and readable.
  const rounded = isInteger(distribution) ? Math.round(value) : Number(value.toPrecision(4));
  return Math.min(max, Math.max(min, rounded));
}
