import { z } from 'zod';

import { ToolkitError } from '../../core/errors.js';
import { listDatasets } from '../../stages/datasets/list-datasets.js';
import { showDatasetFields } from '../../stages/datasets/show-dataset-options.js';
import { datasetText } from '../terminal/results/dataset.js';
import type { Outcome } from '../terminal/reporter.js';
import { table } from '../terminal/table.js';
import { commonFields, defineCommand, type Call } from '../command.js';

const space = {
  fields: z.strictObject({ ...commonFields.shape, ...showDatasetFields.shape }),
  choices: {},
};

type DatasetsCall = Call<typeof space>;

export const datasetsCommand = defineCommand({
  summary: 'list the data sets, known and collected, or show one',
  positionals: [
    { name: 'action', description: 'what to do instead of listing', required: false, choices: ['show'] },
    { name: 'dataset', description: 'the data set to show', required: false, key: 'dataset' },
  ],
  space,
  examples: [
    ['mnist datasets', 'names for --dataset'],
    ['mnist datasets show mnist', 'counts, pixel statistics and a sample of each class'],
    ['mnist datasets show mnist --card mnist.html --contact-sheet mnist.png', 'the same as files to look at'],
  ],
  run(call) {
    return call.positionals[0] === undefined ? list(call) : show(call);
  },
});

async function list({ options }: DatasetsCall): Promise<Outcome> {
  const listed = await listDatasets(options.dataDir);
  const rows = listed.map(({ name, summary, state }) => [name, state, summary]);
  return { data: { datasets: listed }, text: () => table(['data set', 'state', 'what it is'], rows) };
}

async function show({ options, context }: DatasetsCall): Promise<Outcome> {
  const { dataset } = options;
  if (dataset === undefined) {
    throw new ToolkitError('USAGE', {
      message: 'missing the name of the data set to show',
      hint: '"mnist datasets" lists them; then "mnist datasets show NAME"',
    });
  }
  // The codec of images is loaded only where it is used.
  const { showDataset } = await import('../../stages/datasets/show-dataset.js');
  const view = await showDataset(dataset, options, context);
  const { samples, ...data } = view;
  return {
    data: { ...data, samples: samples.map(({ className, index }) => ({ className, index })) },
    text: (style) => datasetText(view, style),
  };
}
