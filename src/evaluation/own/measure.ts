import type { ChosenFrom } from '../../core/config/resolve.js';
import { ToolkitError } from '../../core/errors.js';
import type { OwnMetric } from '../../core/events.js';
import { concatenate } from '../../core/numerics/concatenate.js';
import { scoreLogits } from '../probabilities.js';
import type { Tally } from '../prediction-counts.js';
import { metrics } from './index.js';
import type { MetricTask } from './own-metric.js';

/** The metric of `--metric` with its options. */
export type ChosenMetric = ChosenFrom<typeof metrics>;

/** Whether a metric was chosen beside those that are always measured. */
export function isOwnMetric(metric: ChosenMetric | undefined): metric is ChosenMetric {
  return metric !== undefined && metrics.originOf(metric.name) !== undefined;
}

/** The metric that the user has chosen beside ours; null without one. Throws PLUGIN_FAILED where it is no number. */
export function measureOwn(metric: ChosenMetric | undefined, task: MetricTask): OwnMetric | null {
  if (!metric) return null;
  const { name, ...options } = metric;
  const value = metrics.require(name).measure(options, task);
  if (value === undefined) return null;
  if (Number.isFinite(value)) return { name, value };
  const place = metrics.originOf(name)?.module ?? name;
  throw new ToolkitError('PLUGIN_FAILED', { place, reason: `the metric ${name} is ${value}` });
}

/** A metric as the higher, the better. */
export function scoreOf({ name, value }: OwnMetric): number {
  return betterOf(name) === 'lower' ? -value : value;
}

/** Which values of a metric are better. Throws PLUGIN_FAILED where its definition says something else. */
export function betterOf(name: string): 'higher' | 'lower' {
  const { better = 'higher' } = metrics.require(name) as { better?: string };
  if (better === 'higher' || better === 'lower') return better;
  const reason = `better of the metric ${name} is "${better}", and must be higher or lower`;
  throw new ToolkitError('PLUGIN_FAILED', { place: metrics.originOf(name)?.module ?? name, reason });
}

/** Collects what a metric is computed from, as it is classified. */
export class OwnMetricTally implements Tally {
  readonly #logits: Float32Array[] = [];
  readonly #labels: Uint8Array[] = [];

  add(logits: Float32Array, labels: Uint8Array): void {
    this.#logits.push(logits);
    this.#labels.push(labels);
  }

  /** The metric of all that was added; null without one. Throws PLUGIN_FAILED where it is no number. */
  measure(metric: ChosenMetric, classNames: readonly string[]): OwnMetric | null {
    const logits = concatenate(this.#logits, Float32Array);
    const labels = concatenate(this.#labels, Uint8Array);
    return measureOwn(metric, { ...scoreLogits(logits, labels, classNames.length), classNames });
  }
}
