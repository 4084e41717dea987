import type { TrainResult } from '../stages/train.js';
import { columns, count, duration, loss, percent } from './format.js';
import type { Style } from './style.js';

/** The end of a training run, for people. */
export function trainText(result: TrainResult, { bold }: Style): string {
  const { validation, gap, test } = result;
  return columns([
    ['test', `${bold(percent(test.accuracy))} accuracy, loss ${loss(test.loss)} (${count(test.n)} images)`],
    ...(validation
      ? [
          [
            'validation',
            `${percent(validation.accuracy)} accuracy, loss ${loss(validation.loss)}${gapText(gap)}`,
          ],
        ]
      : []),
    ['checkpoint', `${result.checkpoint} (epoch ${result.bestEpoch} of ${result.epochs})`],
    ['time', `${duration(result.seconds)} on ${result.backend} ${result.backendVersion}, ${result.device}`],
    ['next', `mnist-eval ${result.run}`],
  ]);
}

/** How far the validation loss lies above the training loss; negative where dropout or augmentation make training harder. */
export function gapText(gap: number | null): string {
  return gap === null ? '' : `, gap ${gap < 0 ? '−' : '+'}${loss(Math.abs(gap))}`;
}
