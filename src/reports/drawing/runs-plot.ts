import type { Metrics } from '../../core/events.js';
import { curvesPanel, legend, plotDocument, seriesInk, type Curve } from './plot.js';

/** What is drawn of a run. */
export interface PlottedRun {
  run: string;
  history: readonly (Metrics & { epoch: number; validation: Metrics | null })[];
}

const FRAME = { left: 64, top: 44, width: 340, height: 240 };
const COLUMN = 430;
const LEGEND_TOP = 344;

/** The curves of runs beside each other: accuracy and loss, on the validation split and (dashed) on the training images. */
export function runsPlot(runs: readonly PlottedRun[]): string {
  const curves = (metric: keyof Metrics): Curve[] =>
    runs.flatMap(({ run, history }, index) => {
      const ink = seriesInk(index);
      const validated = history.filter(({ validation }) => validation !== null);
      const validation = validated.map((record) => [record.epoch, record.validation![metric]] as const);
      const training = history.map((record) => [record.epoch, record[metric]] as const);
      return [
        { name: `${run}, training`, ink, dashed: true, points: training },
        { name: `${run}, validation`, ink, points: validation },
      ].filter(({ points }) => points.length > 0);
    });
  const panels = (['accuracy', 'loss'] as const).map((metric, index) => {
    const frame = { ...FRAME, left: FRAME.left + COLUMN * index };
    return curvesPanel(frame, { title: metric, x: 'epoch', y: metric }, curves(metric));
  });
  const all = curves('accuracy');
  const title = `Runs: ${runs.map(({ run }) => run).join(', ')}`;
  const description = 'Accuracy and loss over the epochs; training dashed, validation in full';
  return plotDocument(
    { width: 2 * COLUMN, height: LEGEND_TOP + 18 * all.length + 8 },
    { title, description },
    [...panels, legend(FRAME.left, LEGEND_TOP, all)],
  );
}
