import { summariseRuns, type RunSummary } from '../../stages/list-runs.js';
import { percent } from '../../terminal/format.js';
import { table } from '../../terminal/table.js';
import { commonFields, defineCommand } from '../command.js';

export const runsCommand = defineCommand({
  summary: 'list the training runs',
  positionals: [],
  space: { fields: commonFields, choices: {} },
  examples: [['mnist runs', 'the latest first']],
  async run({ options }) {
    const runs = await summariseRuns(options.checkpointsDir);
    const head = ['run', 'data set', 'model', 'epochs', 'seed', 'best accuracy'];
    return {
      data: { runs },
      text: () => (runs.length === 0 ? `no runs in ${options.checkpointsDir}` : table(head, runs.map(rowOf))),
    };
  },
});

function rowOf({ run, problem, dataset, model, epochs, plannedEpochs, seed, best }: RunSummary): string[] {
  if (problem !== null) return [run, problem];
  return [
    run,
    dataset ?? '',
    model ?? '',
    `${epochs} of ${plannedEpochs ?? '?'}`,
    String(seed),
    best === null ? '–' : percent(best.accuracy),
  ];
}
