import type { Metrics } from '../../core/events.js';
import { domainOf } from './chart.js';
import { figure, legendChart, legendHeight, lineLegend, seriesColor, TITLE_HEIGHT } from './figure.js';
import { lineChart, type Line } from './line-charts.js';

/** What is drawn of a run. */
export interface PlottedRun {
  run: string;
  history: readonly (Metrics & { epoch: number; validation: Metrics | null })[];
}

const SIZE = { width: 430, height: 300 };

/** The learning curves of runs: accuracy and loss on the validation split, and dashed on the training images. */
export function runsPlot(runs: readonly PlottedRun[]): string {
  const panels = (['accuracy', 'loss'] as const).map((metric, index) => {
    const lines = learningCurves(runs, metric);
    const xs = lines.flatMap(({ points }) => points.map(([epoch]) => epoch));
    const ys = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const chart = lineChart(lines, {
      x: { label: 'epoch', domain: domainOf(xs), isCount: true },
      y: { label: metric, domain: domainOf(ys), nice: true },
      size: SIZE,
    });
    return { left: SIZE.width * index, top: TITLE_HEIGHT, chart };
  });
  const legend = lineLegend(learningCurves(runs, 'accuracy'));
  const top = TITLE_HEIGHT + SIZE.height;
  return figure(
    { width: 2 * SIZE.width, height: top + legendHeight(legend.length) + 8 },
    {
      title: `Learning curves: ${runs.map(({ run }) => run).join(', ')}`,
      description: 'Accuracy and loss by epoch; validation as solid lines, training as dashed ones.',
    },
    [...panels, { left: 40, top, chart: legendChart(legend, 2 * SIZE.width - 40) }],
  );
}

function learningCurves(runs: readonly PlottedRun[], metric: keyof Metrics): Line[] {
  return runs.flatMap(({ run, history }, index): Line[] => {
    const color = seriesColor(index);
    const validated = history.flatMap(({ epoch, validation }) =>
      validation ? [[epoch, validation[metric]] as const] : [],
    );
    const lines: Line[] = [
      { name: `${run}, validation`, color, points: validated },
      {
        ...{ name: `${run}, training`, color, style: 'dashed' },
        points: history.map((record) => [record.epoch, record[metric]] as const),
      },
    ];
    return lines.filter(({ points }) => points.length > 0);
  });
}
