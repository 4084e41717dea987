import type { Metrics } from '../../core/events.js';
import type { MetricName } from './settings.js';

/** What is known of a trial on the validation split, epoch by epoch. */
export interface Judged {
  trial: number;
  history: readonly Metrics[];
}

/**
 * The best epoch among a trial's first ones: by accuracy, with the loss to decide between equals, or by loss alone. Undefined
 * where none has ended.
 */
export function bestOf(
  { history }: Pick<Judged, 'history'>,
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

/** The trials that have a result within so many epochs, the best first; of equals the earlier one. */
export function ranked<Trial extends Judged>(
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
