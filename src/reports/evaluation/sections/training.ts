import { percent } from '../../../core/format.js';
import type { Point } from '../../../evaluation/curves.js';
import { domainOf, type Axis } from '../../charts/chart.js';
import { readingsAlongX } from '../../charts/line-readings.js';
import { lineChart, type Line } from '../../charts/line-charts.js';
import type { CheckpointDescription } from '../../../artifacts/checkpoint.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { details, legend, section } from '../../drawing/page-parts.js';

/** The learning curves of each run. */
export function training(descriptions: readonly CheckpointDescription[]): string {
  const charts = descriptions.map((description) => trainingCharts(description, descriptions.length > 1));
  const body = charts.join('');
  if (body === '') return '';
  const entries = [
    ['var(--s0)', 'training'],
    ['var(--s1)', 'validation'],
  ] as const;
  const key = legend(entries, 'line');
  return section('training', 'Learning curves', `${key}${body}`, 'wide');
}

/** The metric of a plug-in by epoch, where a run was trained with one. */
function metricChart(history: CheckpointDescription['progress']['history'], name: string): string {
  const found = history.flatMap(({ epoch, validation }) =>
    validation?.metric ? [{ epoch, ...validation.metric }] : [],
  );
  const last = found.at(-1);
  if (!last) return '';
  const lines: Line[] = [
    {
      name: 'validation',
      color: 'var(--s1)',
      points: found.map(({ epoch, value }): Point => [epoch, value]),
    },
  ];
  return lineChart(
    lines,
    {
      x: epochAxis(history.length),
      y: { label: last.name, domain: domainOf(found.map(({ value }) => value)), nice: true },
    },
    {
      title: `${last.name}${name} by epoch`,
      description: `After epoch ${last.epoch}: ${last.value.toFixed(4)} in validation.`,
    },
    readingsAlongX(lines, { title: (epoch) => `Epoch ${epoch}`, value: (value) => value.toFixed(4) }),
  );
}

function epochAxis(epochs: number): Axis {
  return { label: 'epoch', domain: [Math.min(1, epochs - 1), Math.max(epochs, 2)], isCount: true };
}

/** The loss and the accuracy of a run by epoch, under its name where there are several. */
function trainingCharts({ run, progress: { history } }: CheckpointDescription, isNamed: boolean): string {
  if (history.length === 0) return '';
  const name = isNamed ? ` of ${run}` : '';
  const last = history.at(-1)!;
  const curve = (key: 'loss' | 'accuracy'): string => {
    const lines: Line[] = [
      { name: 'training', color: 'var(--s0)', points: history.map((epoch) => [epoch.epoch, epoch[key]]) },
      {
        name: 'validation',
        color: 'var(--s1)',
        points: history.flatMap(({ epoch, validation }): Point[] =>
          validation ? [[epoch, validation[key]]] : [],
        ),
      },
    ];
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const low = key === 'loss' ? 0 : Math.min(...values);
    const high = Math.max(...values);
    const validation = last.validation ? ` and ${last.validation[key].toFixed(4)} in validation` : '';
    return lineChart(
      lines,
      {
        x: epochAxis(history.length),
        y: { label: key, domain: [low, high === low ? low + 0.01 : high], nice: true },
      },
      {
        title: `${key === 'loss' ? 'Loss' : 'Accuracy'}${name} by epoch`,
        description: `After epoch ${history.length}: ${last[key].toFixed(4)} in training${validation}.`,
      },
      readingsAlongX(lines, {
        title: (epoch) => `Epoch ${epoch}`,
        value: key === 'loss' ? (value) => value.toFixed(4) : percent,
      }),
    );
  };
  const metric = last.validation?.metric?.name;
  const rows = history.map(({ epoch, loss, accuracy, validation }) => [
    String(epoch),
    loss.toFixed(4),
    percent(accuracy),
    ...(validation ? [validation.loss.toFixed(4), percent(validation.accuracy)] : ['–', '–']),
    ...(metric === undefined ? [] : [validation?.metric?.value.toFixed(4) ?? '–']),
  ]);
  const head = ['Epoch', 'Loss', 'Accuracy', 'Validation loss', 'Validation accuracy'];
  if (metric !== undefined) head.push(`Validation ${metric}`);
  return `<div class="charts">${curve('loss')}${curve('accuracy')}${metricChart(history, name)}</div>${details(`Show the numbers${text(name)}`, head, rows)}`;
}
