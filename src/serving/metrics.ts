import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import type { ModelVersions, Role } from './versions.js';
import { MonitorMetrics } from './watching/monitor-metrics.js';

/** The server's metrics, for Prometheus. Names follow its conventions: base units, `_total` for counters. */
export class ServerMetrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: 'mnist_http_requests_total',
    help: 'Answered requests.',
    labelNames: ['route', 'method', 'status'] as const,
    registers: [this.registry],
  });
  readonly requestSeconds = new Histogram({
    name: 'mnist_http_request_duration_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['route'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });
  readonly images = new Counter({
    name: 'mnist_images_total',
    help: 'Classified images.',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
  });
  readonly abstained = new Counter({
    name: 'mnist_abstained_images_total',
    help: 'Images for which the model abstained.',
    labelNames: ['model', 'version'] as const,
    registers: [this.registry],
  });
  readonly batchImages = new Histogram({
    name: 'mnist_batch_images',
    help: 'Images in a batch.',
    labelNames: ['model'] as const,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [this.registry],
  });
  readonly batchSeconds = new Histogram({
    name: 'mnist_batch_duration_seconds',
    help: 'Time from the start of a batch to its logits.',
    labelNames: ['model'] as const,
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
    registers: [this.registry],
  });
  readonly rejected = new Counter({
    name: 'mnist_rejected_requests_total',
    help: 'Requests that were answered with an error, by its code.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  readonly reloads = new Counter({
    name: 'mnist_model_reloads_total',
    help: 'Attempts to load a new version.',
    labelNames: ['model', 'result'] as const,
    registers: [this.registry],
  });
  readonly model = new Gauge({
    name: 'mnist_model_info',
    help: '1 for the version that has a role.',
    labelNames: ['model', 'role', 'version'] as const,
    registers: [this.registry],
  });
  readonly shadow = new Counter({
    name: 'mnist_shadow_images_total',
    help: 'Images that the candidate also classified, and whether it agreed with production.',
    labelNames: ['model', 'agreement'] as const,
    registers: [this.registry],
  });
  /** Of drift, feedback and live accuracy. */
  readonly monitors = new MonitorMetrics(this.registry);
  readonly #eventLoop: IntervalHistogram;

  /** Starts to measure; `close` ends it. */
  constructor() {
    collectDefaultMetrics({ register: this.registry });
    const eventLoop = monitorEventLoopDelay({ resolution: 1 });
    eventLoop.enable();
    this.#eventLoop = eventLoop;
    new Gauge({
      name: 'mnist_event_loop_delay_seconds',
      help: 'Event-loop delay since the last scrape.',
      labelNames: ['quantile'] as const,
      registers: [this.registry],
      collect() {
        for (const quantile of [0.5, 0.99, 0.999, 1]) {
          // The histogram measures the intervals of its timer; the excess over 1 ms is delay.
          const beyond = eventLoop.percentile(quantile * 100) / 1e9 - 0.001;
          this.set({ quantile: String(quantile) }, Math.max(0, beyond));
        }
        eventLoop.reset();
      },
    });
  }

  /** Adds the gauge of the queues, read from the models' versions on each scrape. */
  watch(models: readonly ModelVersions[]): void {
    new Gauge({
      name: 'mnist_queue_images',
      help: 'Images that wait for a batch.',
      labelNames: ['model'] as const,
      registers: [this.registry],
      collect() {
        for (const { name, queued } of models) this.set({ model: name }, queued);
      },
    });
  }

  /** Says which version of a model has a role. */
  setVersion(model: string, role: Role, version: string | undefined, before: string | undefined): void {
    if (before !== undefined) this.model.remove({ model, role, version: before });
    if (version !== undefined) this.model.set({ model, role, version }, 1);
  }

  close(): void {
    this.#eventLoop.disable();
    this.registry.clear();
  }
}
