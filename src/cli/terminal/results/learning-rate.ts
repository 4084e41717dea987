import type { LearningRateTest } from '../../../stages/train/find-learning-rate.js';
import { cleanDeep } from '../clean.js';
import { columns, count, duration, loss } from '../format.js';
import { lineChart } from '../line-chart.js';
import type { Style } from '../style.js';

/** The chart ends at so many times the fall of the loss above its lowest: losses that explode would leave no room for the others. */
const ROOM = 1.2;

/** A test of learning rates, for people: the curve, and the rate that is suggested. */
export function learningRateText(given: LearningRateTest, style: Style): string {
  const { rates, suggestedLearningRate: suggested, diverged, plot, model, seconds } = cleanDeep(given);
  return [
    ...(rates.length > 1 ? [chartOf(given, style), ''] : []),
    columns([
      [
        'suggested',
        suggested === null ? 'none: no rate lowered the loss' : style.bold(`--learning-rate ${suggested}`),
      ],
      [
        'tested',
        `${count(rates.length)} steps of ${given.optimizer}${diverged ? ', until the loss exploded' : ''}`,
      ],
      ...(plot === null ? [] : [['plot', plot]]),
      ['time', duration(seconds)],
      ...(suggested === null ? [] : [['next', `mnist-train --model ${model} --learning-rate ${suggested}`]]),
    ]),
  ].join('\n');
}

function chartOf({ rates, suggestedLearningRate: suggested }: LearningRateTest, style: Style): string {
  const smoothed = rates.map(({ smoothedLoss }) => smoothedLoss);
  const lowest = Math.min(...smoothed);
  const top = lowest + ROOM * (smoothed[0]! - lowest || 1);
  const place = Math.log(suggested ?? 1);
  const [first, last] = [rates[0]!, rates.at(-1)!].map(({ learningRate }) => learningRate);
  const at = (place - Math.log(first!)) / (Math.log(last!) - Math.log(first!));
  return lineChart(
    [{ name: 'smoothed training loss', values: smoothed.map((value) => Math.min(value, top)) }],
    loss,
    style,
    {
      name: 'learning rate',
      first: first!.toExponential(0),
      last: last!.toExponential(0),
      mark: suggested === null ? undefined : { at, text: String(suggested) },
    },
  );
}
