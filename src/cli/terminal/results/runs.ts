import { privacyText } from '../../../artifacts/privacy.js';
import type { ComparedRun, RunComparison } from '../../../stages/runs/compare-runs.js';
import type { RunSummary } from '../../../stages/runs/list-runs.js';
import type { SearchSummary } from '../../../stages/search/list-searches.js';
import type { Pruning } from '../../../stages/runs/prune-runs.js';
import { cleanDeep } from '../clean.js';
import { bytes, count, duration, loss, optionText, percent } from '../format.js';
import { lineChart } from '../line-chart.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** Runs as a list. */
export function runsText(runs: readonly RunSummary[], folder: string): string {
  if (runs.length === 0) return `no runs in ${folder}`;
  const hasPrivate = runs.some(({ privacy }) => privacy);
  const head = [
    'run',
    'data set',
    'model',
    'epochs',
    'seed',
    'best accuracy',
    ...(hasPrivate ? ['privacy'] : []),
  ];
  return table(head, runs.map(rowOf));
}

/** Searches as a list, after that of the runs; nothing where there are none. */
export function searchesText(searches: readonly SearchSummary[]): string[] {
  if (searches.length === 0) return [];
  const rows = searches.map(({ search, problem, strategy, trials, ended, best }) => {
    if (problem !== null) return [search, problem];
    const result = best ? [`${search}/${best.run}`, percent(best.accuracy)] : ['–', '–'];
    return [search, strategy ?? '', `${ended} of ${trials} finished`, ...result];
  });
  return ['', table(['search', 'strategy', 'trials', 'best', 'accuracy'], rows)];
}

function rowOf({
  run,
  problem,
  dataset,
  model,
  epochs,
  plannedEpochs,
  seed,
  best,
  privacy,
}: RunSummary): string[] {
  if (problem !== null) return [run, problem];
  const planned = `${epochs} of ${plannedEpochs ?? '?'}`;
  return [
    run,
    dataset ?? '',
    model ?? '',
    planned,
    String(seed),
    best === null ? '–' : percent(best.accuracy),
    ...(privacy ? [privacyText(privacy)] : []),
  ];
}

/** Runs side by side: differing settings, results and learning curves. */
export function comparisonText(given: RunComparison, style: Style): string {
  const { runs, differences, plot } = cleanDeep(given);
  const head = ['', ...runs.map(({ run }) => run)];
  const settings = differences.map(({ key, values }) => [key, ...values.map(optionText)]);
  const isValidated = runs.every(({ history }) => history.every(({ validation }) => validation !== null));
  const curves = runs.map(({ run, history }) => ({
    name: run,
    values: history.map(({ accuracy, validation }) => (isValidated ? validation!.accuracy : accuracy)),
  }));
  return [
    table(head, [...settings, ...resultRows(runs)]),
    '',
    `${isValidated ? 'validation' : 'training'} accuracy`,
    lineChart(curves, percent, style),
    ...(plot === null ? [] : ['', `curves in ${plot}`]),
  ].join('\n');
}

function resultRows(runs: readonly ComparedRun[]): string[][] {
  const row = (name: string, value: (run: ComparedRun) => string): string[] => [name, ...runs.map(value)];
  return [
    row('parameters', ({ parameters }) => count(parameters)),
    row('epochs done', ({ epochs }) => String(epochs)),
    row('best epoch', ({ best }) => (best ? String(best.epoch) : '–')),
    row('training accuracy', ({ best }) => (best ? percent(best.accuracy) : '–')),
    row('validation accuracy', ({ best }) => (best?.validation ? percent(best.validation.accuracy) : '–')),
    row('validation loss', ({ best }) => (best?.validation ? loss(best.validation.loss) : '–')),
    row('time', ({ seconds }) => duration(seconds)),
  ];
}

/** The runs that were deleted, or would be. */
export function pruningText(given: Pruning, { bold, dim }: Style): string {
  const { removed, runs, spared, kept, bytes: size } = cleanDeep(given);
  const rows = runs.map(({ run, dataset, best, problem, bytes: own }) => [
    run,
    dataset ?? '–',
    problem ?? (best ? percent(best.accuracy) : 'no finished epoch'),
    bytes(own),
  ]);
  const what = `${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'}`;
  const total = removed
    ? `deleted ${what}, freed ${bold(bytes(size))}; ${count(kept)} kept`
    : `${what} to delete (${bold(bytes(size))}), ${count(kept)} to keep${runs.length === 0 ? '' : '; add --yes to delete'}`;
  return [
    ...(rows.length === 0 ? [] : [table(['run', 'data set', 'best', 'size'], rows)]),
    ...spared.map(({ run, reason }) => dim(`${run} kept: ${reason}`)),
    total,
  ].join('\n');
}
