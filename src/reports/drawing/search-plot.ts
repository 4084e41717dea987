import { curvesPanel, dotsPanel, plotDocument, type Ink } from './plot.js';

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

const PANEL = { width: 240, height: 170 };
const COLUMN = 330;
const ROW = 260;
const COLUMNS = 3;
const LEFT = 64;
const TOP = 44;

/** Trials as a picture: their curves over the epochs, and for each option how well each of its values did. */
export function searchPlot({ title, metric, trials, keys, logarithmic }: SearchPlot): string {
  const ink = ({ isBest }: PlottedTrial): Ink => (isBest ? 'strong' : 'faint');
  // The best is drawn last, over the others.
  const ordered = [...trials].sort((a, b) => Number(a.isBest) - Number(b.isBest));
  const name = ({ trial, value }: PlottedTrial): string => `trial ${trial}: ${value.toPrecision(4)}`;
  const curves = ordered.map((trial) => ({
    name: name(trial),
    ink: ink(trial),
    points: trial.curve.map((value, index) => [index + 1, value] as const),
  }));
  const rows = 1 + Math.ceil(keys.length / COLUMNS);
  const wide = { left: LEFT, top: TOP, width: COLUMN * (COLUMNS - 1) + PANEL.width, height: PANEL.height };
  const panels = keys.map((key, index) => {
    const frame = {
      left: LEFT + COLUMN * (index % COLUMNS),
      top: TOP + ROW * (1 + Math.floor(index / COLUMNS)),
      ...PANEL,
    };
    const dots = ordered.flatMap((trial) =>
      key in trial.settings
        ? [{ name: name(trial), ink: ink(trial), x: valueOf(trial.settings[key]), y: trial.value }]
        : [],
    );
    return dotsPanel(frame, { title: key, x: '', y: metric }, dots, { logarithmic: logarithmic.has(key) });
  });
  const best = trials.find(({ isBest }) => isBest);
  const description =
    `${trials.length} trials; ` +
    (best
      ? `the best is trial ${best.trial} with a ${metric} of ${best.value.toPrecision(4)}`
      : 'none is best');
  return plotDocument({ width: COLUMN * COLUMNS, height: ROW * rows }, { title, description }, [
    curvesPanel(wide, { title, x: 'epoch', y: metric }, curves),
    ...panels,
  ]);
}

function valueOf(value: unknown): number | string {
  return typeof value === 'number' ? value : typeof value === 'string' ? value : JSON.stringify(value);
}
