import { percent } from '../../../core/format.js';
import type { Point } from '../../../evaluation/curves.js';
import { linePlot, type Line } from '../plots.js';
import type { CheckpointDescription } from '../../../artifacts/checkpoint.js';
import { escapeMarkup as text } from '../../drawing/markup.js';
import { details, section } from '../../drawing/page-parts.js';
import { legend } from '../parts.js';

/** How loss and accuracy went, epoch by epoch, in each run. */
export function training(descriptions: readonly CheckpointDescription[]): string {
  const charts = descriptions.map((description) => trainingCharts(description, descriptions.length > 1));
  const body = charts.join('');
  if (body === '') return '';
  const key = legend([
    ['s0', 'training'],
    ['s1', 'validation'],
  ]);
  return section('training', 'Training', `${key}${body}`, 'wide');
}

/** How the loss and the accuracy of a run went, under its name where there are several. */
function trainingCharts({ run, progress: { history } }: CheckpointDescription, isNamed: boolean): string {
  if (history.length === 0) return '';
  const name = isNamed ? ` of ${run}` : '';
  const last = history.at(-1)!;
  const curve = (key: 'loss' | 'accuracy'): string => {
    const lines: Line[] = [
      { name: 'training', color: 0, points: history.map((epoch) => [epoch.epoch, epoch[key]]) },
      {
        name: 'validation',
        color: 1,
        points: history.flatMap(({ epoch, validation }): Point[] =>
          validation ? [[epoch, validation[key]]] : [],
        ),
      },
    ];
    const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
    const low = key === 'loss' ? 0 : Math.min(...values);
    const high = Math.max(...values);
    const validation = last.validation ? ` and ${last.validation[key].toFixed(4)} in validation` : '';
    return linePlot(
      lines,
      {
        label: 'epoch',
        domain: [Math.min(1, history.length - 1), Math.max(history.length, 2)],
        isCount: true,
      },
      { label: key, domain: [low, high === low ? low + 0.01 : high] },
      {
        title: `The ${key}${name} by epoch`,
        description: `After ${history.length} epochs ${last[key].toFixed(4)} in training${validation}.`,
      },
    );
  };
  const rows = history.map(({ epoch, loss, accuracy, validation }) => [
    String(epoch),
    loss.toFixed(4),
    percent(accuracy),
    ...(validation ? [validation.loss.toFixed(4), percent(validation.accuracy)] : ['–', '–']),
  ]);
  const head = ['Epoch', 'Loss', 'Accuracy', 'Validation loss', 'Validation accuracy'];
  return `<div class="charts">${curve('loss')}${curve('accuracy')}</div>${details(`The numbers${text(name)}`, head, rows)}`;
}
