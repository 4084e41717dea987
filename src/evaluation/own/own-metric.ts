import type { z } from 'zod';

import type { Configurable } from '../../core/config/resolve.js';
import type { ScoredExamples } from '../probabilities.js';

/** What a metric is computed from: probabilities, [labels.length, classes] row by row, and labels, with the names of the classes. */
export interface MetricTask extends ScoredExamples {
  readonly classNames: readonly string[];
}

/** A plug-in of the registry of metrics. */
export interface MetricDefinition<
  Name extends string = string,
  Options extends z.ZodObject = z.ZodObject,
> extends Configurable<Name, Options> {
  /** The reference for the metric. */
  readonly source: string;
  /** Which values are better, where it chooses the best epoch (`--best-by metric`); by default the higher ones. */
  readonly better?: 'higher' | 'lower';
  /** The metric of classified images; undefined if the options ask for none. */
  // A method, for bivariance: definitions with narrower options remain assignable.
  measure(options: z.output<Options>, task: MetricTask): number | undefined;
}

/** Defines a metric; infers the types of its options. */
export function defineMetric<Name extends string, Options extends z.ZodObject>(
  definition: MetricDefinition<Name, Options>,
): MetricDefinition<Name, Options> {
  return { kind: 'metric', ...definition };
}
