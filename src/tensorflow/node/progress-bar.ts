import type * as tfjs from '@tensorflow/tfjs';
import ProgressBar from 'progress';

import { metricsText } from './metrics-text.js';

const RENDER_EVERY_MS = 50;

/** What draws; an object, so that a program can put something else in its place, as with tfjs-node. */
export const progressBarHelper = {
  ProgressBar,
  // Part of what tfjs-node does: `fit` of a layers model tells of its epochs.
  log: (message: string): void => {
    process.stdout.write(`${message}\n`);
  },
};

/**
 * The callback of `fit` that draws a bar for each epoch, on standard error where that is a terminal, and prints an epoch's metrics. tfjs
 * makes one where `verbose` is 1, which is the default, or 2.
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
          const { samples, batchSize, steps } = this.params as Record<string, number | null | undefined>;
          // Without a number of samples or steps, as with a data set, nobody knows how many batches there are.
          this.#batches = samples != null ? Math.ceil(samples / (batchSize ?? samples)) : (steps ?? 0);
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
          // Where the number of batches is unknown, the time of the validation counts too.
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
      const samples = this.params['samples'] as number | null | undefined;
      const isTimed = this.#milliseconds !== undefined && samples != null;
      return (milliseconds / (isTimed ? samples : this.#seen)) * 1000;
    }
  };
}
