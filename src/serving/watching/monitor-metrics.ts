import { Counter, Gauge, type Registry } from 'prom-client';

import type { Drift } from './drift.js';

/** What one model's monitor has measured. */
export interface Measured {
  drift: readonly Drift[];
  accuracy: readonly { version: string; n: number; accuracy: number }[];
}

/** A monitor, as its metrics are read. */
export interface Watched {
  /** The model's name. */
  model: string;
  status(): Measured;
  /** Whether an accuracy is below what is asked for. */
  isLow(n: number, accuracy: number): boolean;
}

/** The metrics of the monitors of all models; each model has its label. */
export class MonitorMetrics {
  readonly feedback: Counter<'model' | 'version' | 'correct'>;
  readonly #watched: Watched[] = [];

  constructor(registry: Registry) {
    this.feedback = new Counter({
      name: 'mnist_feedback_total',
      help: 'Labels from feedback, and whether the prediction was correct.',
      labelNames: ['model', 'version', 'correct'] as const,
      registers: [registry],
    });
    this.#addGauges(registry);
  }

  /** Measures a monitor on each scrape from now on. */
  watch(monitor: Watched): void {
    this.#watched.push(monitor);
  }

  #addGauges(registry: Registry): void {
    // The one that measures is registered first, because metrics are read in that order.
    const alert = new Gauge({
      name: 'mnist_alert',
      help: '1 while a feature drifts or the live accuracy is below the minimum.',
      labelNames: ['model', 'kind', 'subject'] as const,
      registers: [registry],
      collect: () => {
        for (const monitor of this.#watched) measure(monitor, alert, psi, ks, accuracy);
      },
    });
    const gauge = <Label extends string>(name: string, help: string, label: Label): Gauge<Label | 'model'> =>
      new Gauge({ name, help, labelNames: ['model', label], registers: [registry] });
    const psi = gauge('mnist_drift_psi', 'Population stability index against the training data.', 'feature');
    const ks = gauge('mnist_drift_ks', 'Kolmogorov–Smirnov statistic against the training data.', 'feature');
    const accuracy = gauge('mnist_live_accuracy', 'Accuracy on the latest labelled images.', 'version');
  }
}

function measure(
  monitor: Watched,
  alert: Gauge<'model' | 'kind' | 'subject'>,
  psi: Gauge<'model' | 'feature'>,
  ks: Gauge<'model' | 'feature'>,
  accuracy: Gauge<'model' | 'version'>,
): void {
  const { model } = monitor;
  const status = monitor.status();
  for (const { feature, ...found } of status.drift) {
    psi.set({ model, feature }, found.psi);
    if (found.ks) ks.set({ model, feature }, found.ks.statistic);
    alert.set({ model, kind: 'drift', subject: feature }, found.alert ? 1 : 0);
  }
  for (const { version, n, accuracy: value } of status.accuracy) {
    accuracy.set({ model, version }, value);
    alert.set({ model, kind: 'accuracy', subject: version }, monitor.isLow(n, value) ? 1 : 0);
  }
}
