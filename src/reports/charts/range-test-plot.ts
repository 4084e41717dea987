import { domainOf } from './chart.js';
import { figure, legendChart, legendHeight, seriesColor, TITLE_HEIGHT, type LegendEntry } from './figure.js';
import { lineChart, type Line } from './line-charts.js';

/** What is drawn of a test of learning rates. */
export interface PlottedTest {
  dataset: string;
  model: string;
  suggestedLearningRate: number | null;
  rates: readonly { learningRate: number; loss: number; smoothedLoss: number }[];
}

const SIZE = { width: 620, height: 340 };
/** The axis ends at so many times the range of the smoothed loss above its lowest: losses that explode would leave no room for the others. */
const ROOM = 1.2;

/** The losses of a test of learning rates over the rates, on a logarithmic axis, with the suggested one. */
export function rangeTestPlot({ dataset, model, suggestedLearningRate, rates }: PlottedTest): string {
  const smoothed = rates.map(({ smoothedLoss }) => smoothedLoss);
  const [low, high] = domainOf([...smoothed, ...rates.slice(0, 1).map(({ loss }) => loss)]);
  const top = low + ROOM * (high - low);
  const bottom = Math.min(low, ...rates.map(({ loss }) => loss));
  const lines: Line[] = [
    {
      name: 'loss of each batch',
      color: seriesColor(2),
      style: 'faint',
      points: rates.map(({ learningRate, loss }) => [learningRate, loss] as const),
    },
    {
      name: 'smoothed',
      color: seriesColor(0),
      points: rates.map(({ learningRate, smoothedLoss }) => [learningRate, smoothedLoss] as const),
    },
    ...(suggestedLearningRate === null
      ? []
      : [
          {
            name: `suggested: ${suggestedLearningRate}`,
            color: seriesColor(1),
            style: 'dashed' as const,
            points: [[suggestedLearningRate, bottom] as const, [suggestedLearningRate, top] as const],
          },
        ]),
  ];
  const legend = lines.map(({ name, color, style }): LegendEntry => {
    return { name, color, mark: style === 'dashed' ? 'dashed line' : 'line' };
  });
  const chart = lineChart(lines, {
    x: {
      label: 'learning rate',
      domain: domainOf(rates.map(({ learningRate }) => learningRate)),
      isLogarithmic: true,
      format: (rate) => rate.toExponential(0),
    },
    y: { label: 'loss', domain: [bottom, top], nice: true },
    size: SIZE,
  });
  const below = TITLE_HEIGHT + SIZE.height;
  return figure(
    { width: SIZE.width, height: below + legendHeight(legend.length) + 8 },
    {
      title: `Learning rates: ${model} on ${dataset}`,
      description:
        suggestedLearningRate === null
          ? `Training loss over ${rates.length} learning rates; none is suggested.`
          : `Training loss over ${rates.length} learning rates; the suggested one is ${suggestedLearningRate}.`,
    },
    [
      { left: 0, top: TITLE_HEIGHT, chart },
      { left: 40, top: below, chart: legendChart(legend, SIZE.width - 40) },
    ],
  );
}
