import type { TrialEvent } from '../../../core/events.js';
import type { SearchResult, TrialResult } from '../../../stages/search/search.js';
import { cleanDeep } from '../clean.js';
import { columns, count, duration, loss, optionText, percent } from '../format.js';
import type { Style } from '../style.js';
import { table } from '../table.js';

/** More would not be read; search.json has them all. */
const MAX_ROWS = 30;

/** A trial that reached a rung or ended, in a line. */
export function trialLine(event: TrialEvent, { bold, dim, yellow }: Style): string {
  const { trial, trials, epochs, best, reason, state } = event;
  const name = `trial ${String(trial).padStart(String(trials).length)}/${trials}`;
  const settings = dim(settingsText(event.settings));
  if (reason !== null) return `${name}  ${yellow(state)}: ${reason}  ${settings}`;
  const result = best ? `${bold(percent(best.accuracy))}  loss ${loss(best.loss)}` : '';
  return `${name}  validation ${result}  after ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}  ${settings}`;
}

/** Options as one would write them: "learningRate 0.003, hiddenLayers 128,64". */
function settingsText(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key} ${optionText(value)}`)
    .join(', ');
}

/** The end of a search, for people: the trials, the best first, and where the best is written. */
export function searchText(given: SearchResult, style: Style): string {
  const result = cleanDeep(given);
  const { trials, config, plot, search } = result;
  const best = trials.find(({ trial }) => trial === result.best);
  return [
    trialTable(trials.slice(0, MAX_ROWS), style),
    ...(trials.length > MAX_ROWS
      ? [style.dim(`${count(trials.length - MAX_ROWS)} more in ${result.folder}/search.json`)]
      : []),
    '',
    columns([
      ...(best ? [['best', `trial ${best.trial}: ${settingsText(best.settings)}`]] : []),
      ...(config === null ? [] : [['configuration', config]]),
      ...(plot === null ? [] : [['plot', plot]]),
      ['time', `${duration(result.seconds)} on ${result.backend}, ${result.device}`],
      ...(best && config !== null
        ? [['next', `mnist-train --config ${config}, or mnist-eval ${search}/${best.run.split('/').at(-1)!}`]]
        : []),
    ]),
  ].join('\n');
}

function trialTable(trials: readonly TrialResult[], { bold, dim }: Style): string {
  const keys = [
    ...new Set(trials.flatMap(({ settings, inactive }) => [...Object.keys(settings), ...inactive])),
  ];
  const rows = trials.map(({ trial, state, epochs, best, settings, reason }, row) => {
    const accuracy = best ? percent(best.accuracy) : '–';
    return [
      trial,
      reason === null ? state : `${state}: ${reason}`,
      epochs,
      row === 0 && best ? bold(accuracy) : accuracy,
      best ? loss(best.loss) : '–',
      ...keys.map((key) => (key in settings ? optionText(settings[key]) : dim('·'))),
    ];
  });
  return table(['trial', 'state', 'epochs', 'accuracy', 'loss', ...keys], rows);
}
