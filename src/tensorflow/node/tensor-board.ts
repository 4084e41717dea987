import { join } from 'node:path';

import type * as tfjs from '@tensorflow/tfjs';

import { ToolkitError } from '../../core/errors.js';
import { summaryFileWriter, type SummaryFileWriter } from './summary-file-writer.js';

export interface TensorBoardCallbackArgs {
  /** When metrics are written: after each epoch (the default), or after each batch as well. */
  updateFreq?: 'batch' | 'epoch';
  /** The interval, in epochs, of histograms of the weights; 0, the default, writes none. */
  histogramFreq?: number;
}

const NO_METRICS = ['batch', 'size', 'num_steps'];
const VALIDATION = 'val_';

/**
 * Returns `tf.node.tensorBoard`, which creates callbacks for `fit` and `fitDataset`.
 *
 * @param tf the program's own tfjs, whose layers call them
 */
export function tensorBoardFor(
  tf: typeof tfjs,
): (logdir?: string, args?: TensorBoardCallbackArgs) => tfjs.CustomCallback {
  class TensorBoardCallback extends tf.CustomCallback {
    trainWriter: SummaryFileWriter | undefined;
    valWriter: SummaryFileWriter | undefined;
    readonly logdir: string;
    readonly #args: Required<TensorBoardCallbackArgs>;
    #model: tfjs.LayersModel | undefined;
    #batches = 0;

    constructor(logdir: string, args: Required<TensorBoardCallbackArgs>) {
      super({
        onBatchEnd: (_batch, logs) => {
          this.#batches++;
          if (this.#args.updateFreq === 'batch') this.#logMetrics(logs, 'batch_', this.#batches);
        },
        onEpochEnd: (epoch, logs) => {
          this.#logMetrics(logs, 'epoch_', epoch + 1);
          const { histogramFreq } = this.#args;
          if (histogramFreq > 0 && epoch % histogramFreq === 0) this.#logWeights(epoch);
        },
        onTrainEnd: () => {
          this.trainWriter?.flush();
          this.valWriter?.flush();
        },
      });
      this.logdir = logdir;
      this.#args = args;
    }

    override setModel(model: Parameters<tfjs.CustomCallback['setModel']>[0]): void {
      this.#model = model as unknown as tfjs.LayersModel;
    }

    ensureTrainWriterCreated(): SummaryFileWriter {
      return (this.trainWriter = summaryFileWriter(join(this.logdir, 'train')));
    }

    ensureValWriterCreated(): SummaryFileWriter {
      return (this.valWriter = summaryFileWriter(join(this.logdir, 'val')));
    }

    #logMetrics(logs: tfjs.Logs | undefined, prefix: string, step: number): void {
      for (const [key, value] of Object.entries(logs ?? {})) {
        if (NO_METRICS.includes(key)) continue;
        if (key.startsWith(VALIDATION)) {
          this.ensureValWriterCreated().scalar(prefix + key.slice(VALIDATION.length), value, step);
        } else this.ensureTrainWriterCreated().scalar(prefix + key, value, step);
      }
    }

    #logWeights(step: number): void {
      const writer = this.ensureTrainWriterCreated();
      for (const weight of this.#model?.weights ?? []) writer.histogram(weight.name, weight.read(), step);
    }
  }

  /**
   * Creates a callback that writes losses and metrics for TensorBoard to `train` and `val` in a folder. Throws USAGE for invalid
   * options.
   *
   * @param logdir the folder
   */
  return (logdir = './logs', args = {}) => new TensorBoardCallback(logdir, checked(args));
}

function checked({
  updateFreq = 'epoch',
  histogramFreq = 0,
}: TensorBoardCallbackArgs): Required<TensorBoardCallbackArgs> {
  if (!['batch', 'epoch'].includes(updateFreq)) {
    throw usage(`Expected updateFreq to be 'batch' or 'epoch', but got ${updateFreq}`);
  }
  if (!Number.isSafeInteger(histogramFreq) || histogramFreq < 0) {
    throw usage(`Expected histogramFreq to be a positive integer, but got ${histogramFreq}`);
  }
  return { updateFreq, histogramFreq };
}

function usage(message: string): ToolkitError {
  return new ToolkitError('USAGE', { message, hint: 'see docs/tfjs-node.md' });
}
