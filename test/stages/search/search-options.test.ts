import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import {
  fixedOptions,
  resolveSearchOptions,
  searchFolder,
  searchSettings,
} from '../../../src/stages/search/search-options.js';
import { toolkitError } from '../../support/errors.js';
import { temporaryFolder } from '../../support/folders.js';

const rates = { learningRate: { min: 0.001, max: 0.1, distribution: 'log-uniform' } };

it('a search is named by its name, its folder or its search.json', async () => {
  const runs = await temporaryFolder();
  const path = join(runs, 'first');
  await mkdir(path);
  await writeFile(join(path, 'search.json'), '{}');
  for (const name of ['first', path, join(path, 'search.json')]) {
    expect(await searchFolder(name, runs)).toMatchObject({ path, name: 'first' });
  }
  // A search may have this name.
  const other = join(runs, 'search.json');
  await mkdir(other);
  expect(await searchFolder(other, runs)).toMatchObject({ path: other });
});

it('a fixed option of an optimiser that is searched for becomes one of the space', async () => {
  const search = { trials: 2, space: { optimizer: ['adam', 'momentum'] } };
  const resolution = await resolveSearchOptions({ search, momentum: 0.8, batchSize: 50, epochs: 4 });
  expect(searchSettings(resolution.values)).toMatchObject({
    strategy: 'random',
    maxEpochs: 4,
    space: { optimizer: ['adam', 'momentum'], momentum: [0.8] },
  });
  expect(fixedOptions(resolution)).toEqual({ batchSize: 50, epochs: 4 });
});

it.each<[string, Record<string, unknown>, RegExp]>([
  ['no section', {}, /no section "search"/],
  ['no space', { search: { trials: 1 } }, /space: /],
  [
    'an option that there is not',
    { search: { trials: 1, space: { learnRate: [1] } } },
    /mean learningRate\?/,
  ],
  [
    'what trials have in common',
    { search: { trials: 1, space: { epochs: [1] } } },
    /space\.epochs must be the/,
  ],
  ['threads', { search: { trials: 1, space: { threads: [1, 2] } } }, /space\.threads must be the same/],
  [
    'a value out of range',
    { search: { trials: 1, space: { batchSize: [0] } } },
    /batchSize is 0, but must be/,
  ],
  [
    'a model that there is not',
    { search: { trials: 1, space: { model: ['mlpp'] } } },
    /model is "mlpp", but must be/,
  ],
  ['no number of trials', { search: { space: rates } }, /trials: set the number of trials/],
  [
    'trials of Hyperband',
    { search: { strategy: 'hyperband', trials: 3, space: rates } },
    /computes the number of trials/,
  ],
  [
    'nothing to judge by',
    { validationSplit: 0, search: { trials: 1, space: rates } },
    /validationSplit is 0/,
  ],
  [
    'an option that no trial has',
    { search: { trials: 1, space: { model: ['mlp', 'cnn'], patchSize: [4] } } },
    /patchSize is an option of no model that is tried \(mlp, cnn\)/,
  ],
  [
    'a fixed option that no trial has',
    { momentum: 0.8, search: { trials: 1, space: { optimizer: ['adam', 'sgd'] } } },
    /momentum is an option of no optimizer that is tried/,
  ],
  [
    'an option of a model that is not the fixed one',
    { model: 'rnn', search: { trials: 1, space: { hiddenLayers: [[4], [8]] } } },
    /hiddenLayers is an option of no model that is tried \(rnn\)/,
  ],
  [
    'too long a start',
    { epochs: 3, search: { trials: 1, minEpochs: 4, space: rates } },
    /minEpochs is 4, more than/,
  ],
])('refused: %s', async (_, options, reason) => {
  const { message } = await toolkitError('SEARCH_INVALID', resolveSearchOptions(options));
  expect(message).toMatch(reason);
});
