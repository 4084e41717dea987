import type * as tfjs from '@tensorflow/tfjs';
import ProgressBar from 'progress';

import { metricsText } from './metrics-text.js';

const RENDER_EVERY_MS = 50;

/** Draws and prints; programs and tests can replace both functions, as in tfjs-node. */
export const progressBarHelper = {
  ProgressBar,
  log: (message: string): void => {
    // eslint-disable-next-line no-console -- tfjs-node prints a line for each epoch of `fit`
    console.log(message);
  },
};

/**
 * The callback that draws a progress bar for each epoch of `fit`, on standard error if it is a terminal, and prints the epoch's metrics.
 * tfjs creates it if `verbose` is 1, the default, or 2.
 *
 * @param tf the program's own tfjs, whose layers call it
 */
export function progressBarCallback(tf: typeof tfjs): new () => tfjs.CustomCallback {
  return class ProgbarLogger extends tf.CustomCallback {
    #batches = 0;
    #seen = 0;
    #begin = 0;
    #milliseconds: number | undefined;
    #bar: ProgressBar | undefined;

    constructor() {
      super({
        onTrainBegin: () => {
          const samples = this.#number('samples');
          const batchSize = this.#number('batchSize') ?? samples;
          // 0: unknown, as for a dataset without `batchesPerEpoch`.
          this.#batches =
            samples && batchSize ? Math.ceil(samples / batchSize) : (this.#number('steps') ?? 0);
        },
        onEpochBegin: (epoch) => {
          progressBarHelper.log(`Epoch ${epoch + 1} / ${String(this.params['epochs'])}`);
          this.#begin = tf.util.now();
          this.#milliseconds = undefined;
          this.#seen = 0;
        },
        onBatchEnd: async (batch, logs) => {
          this.#seen++;
          this.#draw(batch, logs as Record<string, number>);
          await tf.nextFrame();
          if (batch === this.#batches - 1) this.#milliseconds = tf.util.now() - this.#begin;
        },
        onEpochEnd: async (_epoch, logs) => {
          // With an unknown number of batches, this includes the validation.
          const milliseconds = this.#milliseconds ?? tf.util.now() - this.#begin;
          this.#bar?.tick({ placeholderForLossesAndMetrics: '' });
          progressBarHelper.log(
            `${milliseconds.toFixed(0)}ms ${this.#perStep(milliseconds).toFixed(0)}us/step - ` +
              metricsText(logs as Record<string, number>),
          );
          await tf.nextFrame();
        },
      });
    }

    #draw(batch: number, logs: Record<string, number>): void {
      // eslint-disable-next-line no-restricted-properties -- the width of the terminal; `progress` writes to it
      const half = Math.floor(0.5 * (process.stderr.columns || 0));
      if (batch === 0) {
        this.#bar = new progressBarHelper.ProgressBar('eta=:eta :bar :placeholderForLossesAndMetrics', {
          width: half,
          total: this.#batches + 1,
          head: '>',
          renderThrottle: RENDER_EVERY_MS,
        });
      }
      const tokens = { placeholderForLossesAndMetrics: metricsText(logs, half - 12) };
      if (this.#batches === 0) this.#bar?.tick(0, tokens);
      else this.#bar?.tick(tokens);
    }

    #perStep(milliseconds: number): number {
      const samples = this.#milliseconds === undefined ? undefined : this.#number('samples');
      return (milliseconds / (samples ?? this.#seen)) * 1000;
    }

    #number(name: string): number | undefined {
      const value = this.params[name];
      return typeof value === 'number' ? value : undefined;
    }
  };
}
