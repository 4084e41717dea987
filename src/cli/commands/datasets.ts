import { ToolkitError } from '../../core/errors.js';
import { listDatasets } from '../../stages/datasets/list-datasets.js';
import { showDatasetFields } from '../../stages/datasets/show-dataset-options.js';
import { datasetText } from '../terminal/results/dataset.js';
import type { Outcome } from '../terminal/reporter.js';
import { table } from '../terminal/table.js';
import { defineCommand, withCommonOptions, type Call } from '../command.js';

const space = withCommonOptions(showDatasetFields);

type DatasetsCall = Call<typeof space>;

export const datasetsCommand = defineCommand({
  summary: 'list data sets, or show one',
  positionals: [
    {
      name: 'action',
      description: 'action to perform; without it, list',
      required: false,
      choices: ['show'],
    },
    { name: 'dataset', description: 'data set to show', required: false, key: 'dataset', kind: 'dataset' },
  ],
  space,
  actions: {
    '': { options: [] },
    show: { options: Object.keys(showDatasetFields.shape), arguments: 1 },
  },
  examples: [
    ['mnist datasets', 'values for --dataset'],
    ['mnist datasets show mnist', 'image counts, pixel statistics and a sample of each class'],
    [
      'mnist datasets show mnist --card mnist.html --contact-sheet mnist.png',
      'write a data card and a contact sheet',
    ],
  ],
  run(call) {
    return call.positionals[0] === undefined ? list(call) : show(call);
  },
});

async function list({ options }: DatasetsCall): Promise<Outcome> {
  const listed = await listDatasets(options.dataDir);
  const rows = listed.map(({ name, summary, state }) => [name, state, summary]);
  return {
    data: { datasets: listed },
    text: (_style, _verbose, width) => table(['data set', 'state', 'description'], rows, width),
  };
}

async function show({ options, context }: DatasetsCall): Promise<Outcome> {
  const { dataset } = options;
  if (dataset === undefined) {
    throw new ToolkitError('USAGE', {
      message: 'no data set given',
      hint: 'use "mnist datasets show NAME"; "mnist datasets" lists the names',
    });
  }
  // Loads the image codec only when it is needed.
  const { showDataset } = await import('../../stages/datasets/show-dataset.js');
  const view = await showDataset(dataset, options, context);
  const { samples, ...data } = view;
  return {
    data: { ...data, samples: samples.map(({ className, index }) => ({ className, index })) },
    text: (style) => datasetText(view, style),
  };
}
