import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { picture, writeTree } from '../support/pictures.js';

/** Images of three classes, of which the rare third looks like the first. */
async function lookalikes(folder: string, splits: Record<string, readonly string[]>): Promise<string> {
  const greys = { first: 30, second: 200, third: 30 };
  const files: Record<string, Buffer> = {};
  for (const [split, classes] of Object.entries(splits)) {
    for (const name of classes) {
      const count = name === 'third' ? 3 : 20;
      for (let index = 0; index < count; index++) {
        files[`${split}/${name}/${index}.png`] = await picture(greys[name as keyof typeof greys], 90 + index);
      }
    }
  }
  return writeTree(folder, files);
}

const ALL = ['first', 'second', 'third'];

it.each([
  ['test', { train: ALL, val: ALL, test: ALL }, 'test'],
  ['no test', { train: ALL, val: ALL, test: ['first', 'second'] }, 'validation'],
])('a class with %s images that is never predicted is a warning by name', async (_, splits, split) => {
  const cwd = await temporaryFolder();
  const environment = { MNIST_DATA_DIR: join(cwd, 'data') };
  await lookalikes(join(cwd, 'set'), splits);
  const words = ['train', 'set', '--epochs', '4', '--batch-size', '10', '--threads', '1', '--run', 'r'];
  const trained = await runHere([...words, '--json'], { cwd, environment });
  expect(trained.code).toBe(0);
  const warnings = trained.events().filter(({ code }) => code === 'CLASS_NEVER_PREDICTED');
  expect(warnings.map(({ message }) => message)).toEqual([
    `the model never predicts "third" on the ${split} images`,
  ]);
  const evaluated = await runHere(['evaluate', 'r', '--json', '--split', split], { cwd, environment });
  expect(evaluated.events()).toContainEqual(expect.objectContaining({ code: 'CLASS_NEVER_PREDICTED' }));
  expect(evaluated.result()).toMatchObject({ neverPredicted: ['third'], absentClasses: [] });
});

it('a class that is in neither images nor predictions is left out of macro means, and named', async () => {
  const cwd = await temporaryFolder();
  const environment = { MNIST_DATA_DIR: join(cwd, 'data') };
  const files: Record<string, Buffer> = {};
  for (const [name, grey] of [
    ['dark', 20],
    ['mid', 120],
    ['light', 220],
  ] as const) {
    for (let index = 0; index < 20; index++)
      files[`train/${name}/${index}.png`] = await picture(grey, 60 + index);
    if (name !== 'mid')
      for (let index = 0; index < 9; index++)
        files[`test/${name}/${index}.png`] = await picture(grey, 90 + index);
  }
  await writeTree(join(cwd, 'set'), files);
  const words = [
    'train',
    'set',
    '--epochs',
    '15',
    '--batch-size',
    '10',
    '--threads',
    '1',
    '--run',
    'r',
    '--quiet',
  ];
  expect((await runHere(words, { cwd, environment })).code).toBe(0);
  const report = join(cwd, 'report.html');
  const { stdout } = await runHere(['evaluate', 'r', '--report', report], { cwd, environment });
  expect(stdout).toMatch(/^mid +– +– +– +– +0$/m);
  expect(stdout).toContain('macro means exclude classes without images that are never predicted: mid');
  const { result } = await runHere(['evaluate', 'r', '--json'], { cwd, environment });
  const one = { low: 1, high: 1 };
  expect(result()).toMatchObject({
    ...{ accuracy: 1, balancedAccuracy: 1, macro: { precision: 1, recall: 1, f1: 1 } },
    ...{ intervals: { macroF1: one, balancedAccuracy: one }, absentClasses: ['mid'] },
  });
});
