import { domainOf } from './chart.js';
import { dotChart } from './dot-chart.js';
import { figure, TITLE_HEIGHT } from './figure.js';
import { lineChart } from './line-charts.js';

/** What is drawn of a trial. */
export interface PlottedTrial {
  trial: number;
  isBest: boolean;
  /** The metric of each epoch. */
  curve: readonly number[];
  /** Its best one. */
  value: number;
  settings: Readonly<Record<string, unknown>>;
}

export interface SearchPlot {
  title: string;
  /** What is drawn upwards: "validation accuracy". */
  metric: string;
  trials: readonly PlottedTrial[];
  /** The options that differ, and which of them are drawn on a logarithmic axis. */
  keys: readonly string[];
  logarithmic: ReadonlySet<string>;
}

const PANEL = { width: 330, height: 250 };
const COLUMNS = 3;
const BEST = '#e8590c';
const OTHER = '#5b8ec9';

/** Trials as a picture: their learning curves, and for each option how well each of its values did. */
export function searchPlot({ title, metric, trials, keys, logarithmic }: SearchPlot): string {
  // The best is drawn last, over the others.
  const ordered = [...trials].sort((a, b) => Number(a.isBest) - Number(b.isBest));
  const panels = keys.map((key, index) => ({
    left: PANEL.width * (index % COLUMNS),
    top: TITLE_HEIGHT + PANEL.height * (1 + Math.floor(index / COLUMNS)),
    chart: optionChart(key, ordered, metric, logarithmic.has(key)),
  }));
  const best = trials.find(({ isBest }) => isBest);
  const result = best
    ? `best is trial ${best.trial} with a ${metric} of ${best.value.toPrecision(4)}`
    : 'none has finished an epoch';
  return figure(
    {
      width: PANEL.width * COLUMNS,
      height: TITLE_HEIGHT + PANEL.height * (1 + Math.ceil(keys.length / COLUMNS)),
    },
    {
      title: best ? `${title}; best: trial ${best.trial}` : title,
      description: `${trials.length} trials; ${result}.`,
    },
    [{ left: 0, top: TITLE_HEIGHT, chart: curvesChart(ordered, metric) }, ...panels],
  );
}

function curvesChart(trials: readonly PlottedTrial[], metric: string): string {
  const lines = trials.map((trial) => ({
    name: nameOf(trial),
    points: trial.curve.map((value, index) => [index + 1, value] as const),
    ...(trial.isBest ? { color: BEST } : { color: OTHER, style: 'faint' as const }),
  }));
  const epochs = lines.flatMap(({ points }) => points.map(([epoch]) => epoch));
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  return lineChart(lines, {
    x: { label: 'epoch', domain: domainOf(epochs), isCount: true },
    y: { label: metric, domain: domainOf(values), nice: true },
    size: { width: PANEL.width * COLUMNS, height: PANEL.height },
  });
}

function optionChart(
  key: string,
  trials: readonly PlottedTrial[],
  metric: string,
  isLogarithmic: boolean,
): string {
  const dots = trials.flatMap((trial) =>
    key in trial.settings
      ? [
          {
            ...{ name: nameOf(trial), x: valueOf(trial.settings[key]), y: trial.value },
            ...(trial.isBest ? { color: BEST, opacity: 1 } : { color: OTHER, opacity: 0.75 }),
          },
        ]
      : [],
  );
  return dotChart(dots, {
    x: { label: key, isLogarithmic },
    y: { label: metric, domain: domainOf(dots.map(({ y }) => y)), nice: true },
    size: PANEL,
  });
}

function nameOf({ trial, value }: PlottedTrial): string {
  return `trial ${trial}: ${value.toPrecision(4)}`;
}

function valueOf(value: unknown): number | string {
  return typeof value === 'number' ? value : typeof value === 'string' ? value : JSON.stringify(value);
}
