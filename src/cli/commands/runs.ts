import { z } from 'zod';

import { compareRuns } from '../../stages/compare-runs.js';
import { summariseRuns } from '../../stages/list-runs.js';
import { pruneRuns } from '../../stages/prune-runs.js';
import { compareRunsFields, pruneRunsFields } from '../../stages/runs-options.js';
import type { Outcome } from '../../terminal/reporter.js';
import { comparisonText, pruningText, runsText } from '../../terminal/runs.js';
import { commonFields, defineCommand, type Call } from '../command.js';

const actions = ['list', 'compare', 'prune'] as const;

const space = {
  fields: z.strictObject({
    ...commonFields.shape,
    ...compareRunsFields.shape,
    ...pruneRunsFields.shape,
  }),
  choices: {},
};

type RunsCall = Call<typeof space>;

export const runsCommand = defineCommand({
  summary: 'list, compare and prune the training runs',
  positionals: [
    { name: 'action', description: 'what to do; else list', required: false, choices: actions },
    {
      name: 'run',
      description: 'compare: the runs; list and prune: a search whose runs are meant',
      required: false,
      variadic: true,
    },
  ],
  space,
  examples: [
    ['mnist runs', 'the latest first'],
    ['mnist runs list my-search', 'the trials of a search'],
    ['mnist runs compare first second --plot curves.svg', 'what differs, what came of it, and the curves'],
    ['mnist runs prune --keep 3', 'says what would go; with --yes it goes'],
  ],
  run(call) {
    const action = { list, compare, prune }[(call.positionals[0] ?? 'list') as (typeof actions)[number]];
    return action(call);
  },
});

async function list({ options, positionals }: RunsCall): Promise<Outcome> {
  const runs = await summariseRuns(options.checkpointsDir, positionals[1]);
  return { data: { runs }, text: () => runsText(runs, options.checkpointsDir) };
}

async function compare({ options, positionals }: RunsCall): Promise<Outcome> {
  const { plot, checkpointsDir } = options;
  const comparison = await compareRuns(positionals.slice(1), { plot, checkpointsDir });
  return { data: comparison, text: (style) => comparisonText(comparison, style) };
}

async function prune({ options, positionals }: RunsCall): Promise<Outcome> {
  const pruning = await pruneRuns(options, positionals[1]);
  return { data: pruning, text: (style) => pruningText(pruning, style) };
}
