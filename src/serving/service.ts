import type { ToolkitError } from '../core/errors.js';
import {
  applyRuleToRows,
  canAbstain,
  type DecisionRule,
  type Verdict,
} from '../evaluation/decisions/rule.js';
import { areFinite } from '../models/finite-outputs.js';
import { HttpError } from './http-errors.js';
import type { ServerMetrics } from './metrics.js';
import type { Monitor } from './watching/monitor.js';
import type { Lease, ModelVersions, Role, VersionObserver } from './versions.js';
import { classesOf } from '../evaluation/probabilities.js';

/** The predictions for one request's images, and the version that made them. */
export interface Classified {
  version: string;
  /** How its logits become decisions. */
  rule: DecisionRule;
  logits: Float32Array;
  /** The decision for each image. */
  verdicts: readonly Verdict[];
}

/** Classifies images for the routes, and records metrics, drift and shadow comparisons. */
export class ClassificationService {
  readonly versions: ModelVersions;
  readonly monitor: Monitor;
  readonly #metrics: ServerMetrics;
  readonly #deadlineMs: number;

  constructor(versions: ModelVersions, metrics: ServerMetrics, monitor: Monitor, deadlineMs: number) {
    this.versions = versions;
    this.monitor = monitor;
    this.#metrics = metrics;
    this.#deadlineMs = deadlineMs;
  }

  /** The name that the model is served under. */
  get name(): string {
    return this.versions.name;
  }

  /**
   * Classifies the images of one request with one version. Throws HttpErrors.
   *
   * @param lease the version, which this releases
   * @param requestId the id that feedback refers to
   * @param owner who sent the request, and alone may label its images
   */
  async classify(
    lease: Lease,
    pixels: Uint8Array,
    count: number,
    { requestId, owner, timeoutMs }: { requestId: string; owner: string; timeoutMs?: number | undefined },
  ): Promise<Classified> {
    try {
      const granted = Math.min(this.#deadlineMs, timeoutMs ?? Infinity);
      const logits = await lease.classify(pixels, count, performance.now() + granted);
      const { version, description, rule } = lease;
      if (!areFinite(logits)) throw uselessOutputs(version);
      const classes = classesOf(logits, description.classNames.length);
      const { name: model } = this;
      this.#metrics.images.inc({ model, version }, count);
      const verdicts = applyRuleToRows(logits, rule);
      if (canAbstain(rule.policy)) {
        this.#metrics.abstained.inc(
          { model, version },
          verdicts.filter(({ decision }) => decision.abstained).length,
        );
      }
      this.monitor.record({ owner, requestId, version, described: description, pixels, classes, logits });
      void this.#shadow(version, pixels, count, classes);
      return { version, rule, logits, verdicts };
    } finally {
      lease.release();
    }
  }

  async #shadow(answeredBy: string, pixels: Uint8Array, count: number, classes: Int32Array): Promise<void> {
    const lease = this.versions.acquireShadow(answeredBy);
    if (!lease) return;
    const { name: model } = this;
    try {
      const logits = await lease.classify(pixels, count, performance.now() + this.#deadlineMs);
      const others = classesOf(logits, logits.length / count);
      const agreeing = others.filter((other, index) => other === classes[index]).length;
      this.#metrics.shadow.inc({ model, agreement: 'agree' }, agreeing);
      this.#metrics.shadow.inc({ model, agreement: 'differ' }, count - agreeing);
    } catch {
      // A comparison that does not fit into the queue is skipped.
    } finally {
      lease.release();
    }
  }
}

/** Some images alone bring it out: what a model makes of a sample was looked at when it was loaded. */
function uselessOutputs(version: string): HttpError {
  const message = 'the model’s outputs for these images are not numbers';
  return new HttpError('INTERNAL', message, { cause: new Error(`version ${version}: ${message}`) });
}

/** Observes a model's versions for the metrics, and passes changes on. */
export function countingObserver(
  model: string,
  metrics: ServerMetrics,
  next: {
    changed: (role: Role, version: string | undefined) => void;
    refused: (version: string, error: ToolkitError) => void;
  },
): VersionObserver {
  const present = new Map<Role, string | undefined>();
  return {
    batch(_version, { images, seconds }) {
      metrics.batchImages.observe({ model }, images);
      metrics.batchSeconds.observe({ model }, seconds);
    },
    changed(role, version) {
      metrics.setVersion(model, role, version, present.get(role));
      present.set(role, version);
      metrics.reloads.inc({ model, result: 'loaded' });
      next.changed(role, version);
    },
    refused(version, error) {
      metrics.reloads.inc({ model, result: 'refused' });
      next.refused(version, error);
    },
  };
}
