import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { datasetNamed } from '../../src/stages/train/train-folder.js';
import { runCommand, runHere, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { writeTree } from '../support/pictures.js';
import sharp from 'sharp';

/** Images of classes that differ in where the light is, in a folder each. */
async function photos(folder: string, classes: Record<string, number>): Promise<string> {
  const files: Record<string, Buffer> = {};
  for (const [name, top] of Object.entries(classes)) {
    for (let index = 0; index < 20; index++) {
      const data = Buffer.from(
        Array.from({ length: 784 }, (_, pixel) => {
          const row = Math.floor(pixel / 28);
          return (row >= top && row < top + 9 ? 180 : 10) + ((pixel * 7 + index * 13) % 50);
        }),
      );
      const image = sharp(data, { raw: { width: 28, height: 28, channels: 1 } });
      files[`${name}/${index}.png`] = await image.png().toBuffer();
    }
  }
  return writeTree(folder, files);
}

const trainWith = (run: typeof runHere, cwd: string, words: readonly string[]): Promise<Ended> =>
  run(['train', '--epochs', '2', '--batch-size', '10', '--threads', '1', '--json', ...words], {
    cwd,
    environment: { MNIST_DATA_DIR: join(cwd, 'data') },
  });

const train = (cwd: string, ...words: string[]): Promise<Ended> => trainWith(runHere, cwd, words);

it('train FOLDER: collects, preprocesses and trains in one step, and takes the images as they are now', async () => {
  const cwd = await temporaryFolder();
  await photos(join(cwd, 'My Photos'), { cat: 0, dog: 18 });
  const first = await trainWith(runCommand, cwd, ['My Photos', '--run', 'first']);
  expect(first.stderr).not.toContain('error:');
  expect(first.code).toBe(0);
  expect(first.result()).toMatchObject({ dataset: 'my-photos', run: 'first' });

  await photos(join(cwd, 'My Photos'), { bird: 9 });
  const second = await train(cwd, join(cwd, 'My Photos'), '--run', 'second');
  expect(second.code).toBe(0);
  const evaluated = await runHere(['evaluate', 'second', '--json', '--resamples', '0'], {
    ...{ cwd, environment: { MNIST_DATA_DIR: join(cwd, 'data') } },
  });
  const { perClass } = evaluated.result() as { perClass: { name: string }[] };
  expect(perClass.map(({ name }) => name)).toEqual(['bird', 'cat', 'dog']);

  // Other images of the same folder name would silently replace the first.
  await mkdir(join(cwd, 'other'));
  await rename(join(cwd, 'My Photos'), join(cwd, 'other', 'My Photos'));
  const other = await train(cwd, 'other/My Photos');
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('--dataset NAME');
  const sized = ['--dataset', 'others', '--run', 'third', '--size', '20x24', '--fit', 'crop'];
  expect((await train(cwd, 'other/My Photos', ...sized)).code).toBe(0);
  const { description } = await readCheckpoint(join(cwd, 'checkpoints', 'third', 'last.safetensors'));
  expect(description.shape).toEqual({ height: 24, width: 20, channels: 1 });
});

it('train FOLDER says what is wrong with a folder', async () => {
  const cwd = await temporaryFolder();
  await photos(join(cwd, 'single'), { cat: 0 });
  const single = await train(cwd, 'single');
  expect(single.code).toBe(3);
  expect(single.stderr).toContain('all images are of one class, "cat"');

  const inside = await train(cwd, 'single/cat');
  expect(inside.code).toBe(3);
  expect(inside.stderr).toContain(`did you mean mnist train ${join(cwd, 'single')}?`);

  const none = await train(cwd, 'missing');
  expect(none.code).toBe(2);
  expect(none.stderr).toContain('missing: no such folder');

  const name = await train(cwd, 'mnist');
  expect(name.code).toBe(2);
  expect(name.stderr).toContain('use --dataset mnist');
});

it.each([
  ['../photos', 'photos'],
  ['Été 2024/', 'ete-2024'],
  ['/tmp/_weird (1)', 'weird-1'],
  ['りんご', 'images'],
  ['mnist', 'my-mnist'],
])('the data set of %s is called %s', (folder, name) => {
  expect(datasetNamed(folder)).toBe(name);
});
