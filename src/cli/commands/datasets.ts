import { listDatasets } from '../../stages/list-datasets.js';
import { table } from '../../terminal/table.js';
import { commonFields, defineCommand } from '../command.js';

export const datasetsCommand = defineCommand({
  summary: 'list the data sets, known and collected',
  positionals: [],
  space: { fields: commonFields, choices: {} },
  examples: [['mnist datasets', 'names for --dataset']],
  async run({ options }) {
    const listed = await listDatasets(options.dataDir);
    const rows = listed.map(({ name, summary, state }) => [name, state, summary]);
    return { data: { datasets: listed }, text: () => table(['data set', 'state', 'what it is'], rows) };
  },
});
