import { z } from 'zod';

import { Random } from '../../core/random.js';

/** How numbers are drawn from a range: evenly, or evenly over their logarithms; any numbers, or whole ones. */
const distributionNames = ['uniform', 'log-uniform', 'integer', 'log-integer'] as const;

type Distribution = (typeof distributionNames)[number];

const isLogarithmic = (distribution: Distribution): boolean => distribution.startsWith('log-');
const isWhole = (distribution: Distribution): boolean => distribution.endsWith('integer');

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
      !isWhole(distribution) || (Number.isInteger(min) && Number.isInteger(max)),
    'a range of whole numbers must begin and end with one',
  );

const values = z.array(z.json()).min(1, 'a list of values must not be empty');

/** What an option may be in a trial: one of some values, or a number from a range, both ends included. */
export const dimensionSchema = z.union([values, range], { error: describeDimension });

export type Dimension = z.output<typeof dimensionSchema>;

/** The options that differ from trial to trial. */
export type SearchSpace = Readonly<Record<string, Dimension>>;

function describeDimension({ input }: { input?: unknown }): string {
  const form = 'must be a list of values, or {"min": …, "max": …, "distribution": …}';
  const complaint = range.safeParse(input).error?.issues[0];
  const isRange = typeof input === 'object' && input !== null && 'min' in input;
  return isRange && complaint ? `${[...complaint.path, ''].join(': ')}${complaint.message}` : form;
}

/** Whether a dimension is a list of values, and no range. */
export function isList(dimension: Dimension): dimension is z.output<typeof values> {
  return Array.isArray(dimension);
}

/** Whether trials can differ in a dimension. */
export function isVaried(dimension: Dimension): boolean {
  return !isList(dimension) || dimension.length > 1;
}

/** Whether a dimension is to be seen on a logarithmic axis. */
export function isLogRange(dimension: Dimension): boolean {
  return !isList(dimension) && isLogarithmic(dimension.distribution);
}

/**
 * What a trial tries: a value for each option of the space. Each option has a stream of random numbers of its own, so that one
 * more or less changes nothing of the others, and more trials change nothing of the first.
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
  // A whole number stands for all that round to it, so that the ends are as likely as the others.
  const [low, high] = isWhole(distribution) ? [min - 0.5, max + 0.5] : [min, max];
  const [from, to] = isLogarithmic(distribution) ? [Math.log(low), Math.log(high)] : [low, high];
  const drawn = from + (to - from) * random.uniform();
  const value = isLogarithmic(distribution) ? Math.exp(drawn) : drawn;
  // Four digits are more than matters, and can be read.
  const rounded = isWhole(distribution) ? Math.round(value) : Number(value.toPrecision(4));
  return Math.min(max, Math.max(min, rounded));
}
