import { privacyText } from '../../../artifacts/privacy.js';
import type { ValidatedMetrics } from '../../../core/events.js';
import type { Reproduction } from '../../../stages/train/reproduction.js';
import type { TrainResult } from '../../../stages/train/train.js';
import { columns, count, duration, loss, percent } from '../format.js';
import type { Style } from '../style.js';

/** The end of a training run, for people. */
export function trainText(result: TrainResult, { bold }: Style): string {
  const { validation, gap, test } = result;
  return columns([
    ['test', `${bold(percent(test.accuracy))} accuracy, loss ${loss(test.loss)} (${count(test.n)} images)`],
    ...(validation
      ? [
          [
            'validation',
            `${percent(validation.accuracy)} accuracy, loss ${loss(validation.loss)}${gapText(gap)}${metricText(validation)}`,
          ],
        ]
      : []),
    ...(result.privacy ? [['privacy', privacyText(result.privacy)]] : []),
    ['checkpoint', `${result.checkpoint} (epoch ${result.bestEpoch} of ${result.epochs})`],
    ['time', `${duration(result.seconds)} on ${result.backend} ${result.backendVersion}, ${result.device}`],
    ...(result.reproduction ? [['reproduced', reproductionText(result.reproduction, bold)]] : []),
    ['next', `mnist-eval ${result.run}`],
  ]);
}

/** The metric of a plug-in, after others. */
export function metricText({ metric }: ValidatedMetrics): string {
  return metric ? `, ${metric.name} ${metric.value.toPrecision(4)}` : '';
}

/** Validation loss minus training loss; negative where dropout or augmentation make training harder. */
export function gapText(gap: number | null): string {
  return gap === null ? '' : `, gap ${gap < 0 ? '−' : '+'}${loss(Math.abs(gap))}`;
}

function reproductionText(
  { of, identical, largestDifference, original, reproduced }: Reproduction,
  bold: Style['bold'],
): string {
  if (identical) return `${of}: ${bold('the weights are identical')}, bit for bit`;
  const [then, now] = [percent(original.accuracy), percent(reproduced.accuracy)];
  return `${of}: the weights differ by up to ${largestDifference.toPrecision(2)}; best accuracy ${bold(now)}, originally ${then}`;
}
