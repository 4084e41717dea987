import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { Random } from '../../src/core/random.js';
import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { writeTree } from '../support/pictures.js';

/** Pictures of 40×40 in three classes that a small net tells apart: where the light is. */
async function pictures(): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  const random = new Random(1, 'pictures');
  for (const [name, top] of [
    ['blåbær', 0],
    ['pomme d’Adam', 14],
    ['りんご', 27],
  ] as const) {
    for (let index = 0; index < 40; index++) {
      const data = Buffer.from(
        Array.from({ length: 1600 }, (_, pixel) => {
          const row = Math.floor(pixel / 40);
          return (row >= top && row < top + 13 ? 180 : 20) + random.integer(60);
        }),
      );
      const image = sharp(data, { raw: { width: 40, height: 40, channels: 1 } });
      const isPng = index % 2 === 0;
      files[`${name}/${index}.${isPng ? 'png' : 'webp'}`] = await (
        isPng ? image.png() : image.webp()
      ).toBuffer();
    }
  }
  return files;
}

it('one’s own images of any size and classes go all the way: collected, trained on, evaluated by their names', async () => {
  const cwd = await temporaryFolder();
  const from = await writeTree(join(cwd, 'fruit'), { ...(await pictures()), 'りんご/broken.png': 'x' });
  const environment = { MNIST_DATA_DIR: join(cwd, 'data') };
  const names = ['blåbær', 'pomme d’Adam', 'りんご'];

  const collected = await runCommand(
    [
      'collect',
      'fruit',
      '--from',
      from,
      '--size',
      '20',
      '--licence',
      'CC0',
      '--origin',
      'the orchard',
      '--json',
    ],
    { cwd, environment },
  );
  expect([collected.code, collected.stderr]).toEqual([0, expect.stringContaining('1 of 121')]);
  expect(collected.result()).toMatchObject({
    manifest: {
      classNames: names,
      licence: 'CC0',
      origin: 'the orchard',
      imported: { size: 20, images: { train: 96, test: 24, rejected: 1 } },
    },
  });
  expect(await readFile(join(cwd, 'data/fruit/raw/rejected.jsonl'), 'utf8')).toContain('りんご/broken.png');

  const words = [
    '--dataset',
    'fruit',
    '--run',
    'fruit',
    '--epochs',
    '8',
    '--batch-size',
    '16',
    '--threads',
    '1',
  ];
  const trained = await runHere(['train', ...words, '--json'], { cwd, environment });
  expect([trained.code, trained.stderr]).toEqual([0, expect.any(String)]);
  const { description } = await readCheckpoint(join(cwd, 'checkpoints/fruit/best.safetensors'));
  expect(JSON.stringify(description)).toContain(JSON.stringify(names));
  expect(description.data.imported).toEqual({ centre: 'none', invert: 'no' });

  const evaluated = await runHere(['evaluate', 'fruit', '--json'], { cwd, environment });
  const { accuracy, perClass } = evaluated.result() as { accuracy: number; perClass: { name: string }[] };
  expect(accuracy).toBeGreaterThan(0.9);
  expect(JSON.stringify(perClass)).toContain('りんご');

  // Pictures are shown to the model as its own were: dark and light stay as they are.
  const files = names.map((name) => join(from, name, '0.png'));
  const predicted = await runCommand(['predict', 'fruit', ...files, '--json'], { cwd, environment });
  const { predictions } = predicted.result() as { predictions: { class: string; inverted: boolean }[] };
  expect(predictions.map((prediction) => prediction.class)).toEqual(names);
  expect(predictions.map(({ inverted }) => inverted)).toEqual([false, false, false]);
});
