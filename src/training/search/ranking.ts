import type { Metrics } from '../../core/events.js';
import type { MetricName } from './settings.js';

/** A trial and its validation metrics per epoch. */
export interface TrialHistory {
  trial: number;
  history: readonly Metrics[];
}

/**
 * The best of a trial's first `epochs` epochs: by accuracy, then loss, or by loss only. Undefined if no epoch has ended.
 */
export function bestOf(
  { history }: Pick<TrialHistory, 'history'>,
  metric: MetricName,
  epochs = Infinity,
): (Metrics & { epoch: number }) | undefined {
  return history
    .slice(0, epochs)
    .map((metrics, index) => ({ ...metrics, epoch: index + 1 }))
    .reduce<(Metrics & { epoch: number }) | undefined>(
      (best, next) => (best === undefined || compareMetrics(next, best, metric) < 0 ? next : best),
      undefined,
    );
}

/** Ranks the trials by their best of the first `epochs` epochs, best first; ties by trial number. Omits trials without results. */
export function ranked<Trial extends TrialHistory>(
  trials: readonly Trial[],
  metric: MetricName,
  epochs = Infinity,
): Trial[] {
  return trials
    .flatMap((trial) => {
      const best = bestOf(trial, metric, epochs);
      return best ? [{ trial, best }] : [];
    })
    .sort((a, b) => compareMetrics(a.best, b.best, metric) || a.trial.trial - b.trial.trial)
    .map(({ trial }) => trial);
}

function compareMetrics(a: Metrics, b: Metrics, metric: MetricName): number {
  if (metric === 'accuracy' && a.accuracy !== b.accuracy) return b.accuracy - a.accuracy;
  return a.loss - b.loss;
}
