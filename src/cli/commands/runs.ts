import { z } from 'zod';

import { compareRuns } from '../../stages/runs/compare-runs.js';
import { summariseRuns } from '../../stages/runs/list-runs.js';
import { summariseSearches } from '../../stages/search/list-searches.js';
import { pruneRuns } from '../../stages/runs/prune-runs.js';
import { compareRunsFields, pruneRunsFields } from '../../stages/runs/runs-options.js';
import type { Outcome } from '../terminal/reporter.js';
import { comparisonText, pruningText, runsText, searchesText } from '../terminal/results/runs.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const actions = ['list', 'compare', 'prune'] as const;

const space = withCommonOptions(z.strictObject({ ...compareRunsFields.shape, ...pruneRunsFields.shape }));

type RunsCall = Call<typeof space>;

export const runsCommand = defineCommand({
  summary: 'list, compare and prune training runs',
  positionals: [
    { name: 'action', description: 'action to perform; default: list', required: false, choices: actions },
    {
      name: 'run',
      description: 'compare: runs to compare; list, prune: only runs of this search',
      required: false,
      variadic: true,
      kind: 'run',
    },
  ],
  space,
  actions: {
    '': { options: [] },
    list: { options: [], arguments: 1 },
    compare: { options: ['plot'], arguments: Infinity },
    prune: { options: ['keep', 'olderThan', 'failed', 'yes', 'registryDir'], arguments: 1 },
  },
  examples: [
    ['mnist runs', 'runs and searches, latest first'],
    ['mnist runs list my-search', 'trials of a search'],
    [
      'mnist runs compare first second --plot curves.svg',
      'settings that differ, results and learning curves',
    ],
    ['mnist runs prune --keep 3', 'list the runs to delete; add --yes to delete them'],
  ],
  run(call) {
    const action = { list, compare, prune }[(call.positionals[0] ?? 'list') as (typeof actions)[number]];
    return action(call);
  },
});

async function list({ options, positionals }: RunsCall): Promise<Outcome> {
  const { checkpointsDir } = options;
  const search = positionals[1];
  const runs = await summariseRuns(checkpointsDir, search);
  const searches = search === undefined ? await summariseSearches(checkpointsDir) : [];
  return {
    data: { runs, searches },
    text: () => [runsText(runs, checkpointsDir), ...searchesText(searches)].join('\n'),
  };
}

async function compare({ options, positionals }: RunsCall): Promise<Outcome> {
  const { plot, checkpointsDir } = options;
  const comparison = await compareRuns(positionals.slice(1), { plot, checkpointsDir });
  return { data: comparison, text: (style) => comparisonText(comparison, style) };
}

async function prune({ options, positionals, context }: RunsCall): Promise<Outcome> {
  const pruning = await pruneRuns(options, positionals[1], context);
  return { data: pruning, text: (style) => pruningText(pruning, style) };
}
