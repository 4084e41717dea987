import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { runCommand, runHere, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { tensorDigests } from '../support/tensor-digests.js';

/** A tenth of MNIST’s training images in 3 shards, in a data folder of its own. */
async function shardedMnist(): Promise<(words: string[], onOutput?: OnOutput) => Promise<Ended>> {
  const cwd = await temporaryFolder();
  const environment = { MNIST_DATA_DIR: 'own-data' };
  const run = (words: string[], onOutput?: OnOutput): Promise<Ended> =>
    words[0] === 'train'
      ? runCommand(words, { cwd, environment, onOutput })
      : runHere(words, { cwd, environment });
  expect((await run(['collect'])).code).toBe(0);
  const words = ['preprocess', '--validation-split', '0.9', '--shard-images', '2200', '--json'];
  const { code, result } = await run(words);
  expect(code).toBe(0);
  expect(result()).toMatchObject({ shards: { training: 3, validation: 25, test: 5 } });
  Object.assign(run, { cwd });
  return run;
}

type OnOutput = NonNullable<Parameters<typeof runCommand>[1]['onOutput']>;

const TRAIN = ['train', '--epochs', '3', '--threads', '1', '--hidden-layers', '32', '--json'];

async function finalState(cwd: string, run: string): Promise<object> {
  const { tensors, description } = await readCheckpoint(join(cwd, 'checkpoints', run, 'last.safetensors'));
  const history = description.progress.history.map(({ loss, accuracy, validation }) => ({
    loss,
    accuracy,
    validation,
  }));
  return { history, step: description.progress.step, tensors: tensorDigests({ tensors }) };
}

it(
  'a set in shards is trained on, interrupted, resumed bit for bit and evaluated',
  { timeout: 120_000 },
  async () => {
    const run = await shardedMnist();
    const { cwd } = run as typeof run & { cwd: string };

    const whole = await run([...TRAIN, '--run', 'whole']);
    expect(whole.code).toBe(0);
    expect(whole.result()).toMatchObject({ run: 'whole', epochs: 3, test: { n: 10_000 } });
    const { accuracy } = whole.result()['test'] as { accuracy: number };
    expect(accuracy).toBeGreaterThan(0.8);
    const epochs = whole.events().filter(({ event }) => event === 'epoch');
    expect(epochs.map((event) => (event['validation'] as { accuracy: number }).accuracy > 0.7)).toEqual([
      true,
      true,
      true,
    ]);

    let isSet = false;
    const stopped = await run([...TRAIN, '--run', 'stopped'], (stdout, child) => {
      if (isSet || !stdout.includes('"event":"epoch"')) return;
      isSet = true;
      setTimeout(() => child.kill('SIGINT'), 30);
    });
    expect(stopped.code).toBe(130);
    const { description } = await readCheckpoint(join(cwd, 'checkpoints', 'stopped', 'last.safetensors'));
    expect(description.progress.step).toBeLessThan(3 * 61);
    expect((await run(['train', '--resume', 'stopped'])).code).toBe(0);
    expect(await finalState(cwd, 'stopped')).toEqual(await finalState(cwd, 'whole'));

    for (const [split, n] of [
      ['test', 10_000],
      ['training', 5_999],
    ] as const) {
      const evaluated = await run(['evaluate', 'whole', '--split', split, '--resamples', '0', '--json']);
      expect(evaluated.code).toBe(0);
      expect(evaluated.result()).toMatchObject({ n, ...(split === 'test' && { accuracy }) });
    }
    const config = JSON.parse(await readFile(join(cwd, 'checkpoints', 'whole', 'config.json'), 'utf8')) as {
      data: { trainingImages: number };
    };
    expect(config.data.trainingImages).toBe(5_999);
    expect((await run(['datasets', 'show', 'mnist'])).code).toBe(0);
  },
);
