import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

it('train and evaluate: JSON lines as the contract has them, files where it says', async () => {
  const cwd = await temporaryFolder();
  const trained = await runCommand(['train', '--epochs', '2', '--run', 'first', '--json', ...QUICK], { cwd });
  expect(trained.stderr).not.toMatch(/onednn|absl/i);
  expect(trained.code).toBe(0);
  const epochs = trained.events().filter(({ event }) => event === 'epoch');
  expect(epochs).toHaveLength(2);
  expect(epochs[1]).toMatchObject({
    epoch: 2,
    epochs: 2,
    loss: expect.any(Number) as number,
    accuracy: expect.any(Number) as number,
    validation: { loss: expect.any(Number) as number, accuracy: expect.any(Number) as number },
    seconds: expect.any(Number) as number,
    imagesPerSecond: expect.any(Number) as number,
  });
  const result = trained.result();
  expect(result).toMatchObject({
    event: 'result',
    run: 'first',
    checkpoint: join('checkpoints', 'first', 'best.safetensors'),
    backend: 'tensorflow',
    test: { n: 2000 },
  });
  const { accuracy, loss } = result['test'] as { accuracy: number; loss: number };
  expect(accuracy).toBeGreaterThan(0.75);

  const files = await readdir(join(cwd, 'checkpoints', 'first'));
  const own = ['best.safetensors', 'config.json', 'last.safetensors', 'metrics.jsonl'];
  expect(files.filter((name) => !name.startsWith('events.out.tfevents.')).toSorted()).toEqual(own);
  expect(files).toHaveLength(own.length + 1);
  const metrics = await readFile(join(cwd, 'checkpoints', 'first', 'metrics.jsonl'), 'utf8');
  expect(metrics.trimEnd().split('\n')).toHaveLength(2);

  const evaluated = await runCommand(['evaluate', 'latest', '--json'], { cwd });
  expect(evaluated.code).toBe(0);
  const evaluation = evaluated.result() as {
    accuracy: number;
    loss: number;
    confusion: number[][];
    n: number;
  };
  expect(evaluation.accuracy).toBe(accuracy);
  expect(evaluation.loss).toBeCloseTo(loss, 6);
  expect(evaluation.n).toBe(2000);
  expect(evaluation.confusion.flat().reduce((sum, value) => sum + value, 0)).toBe(2000);
  expect(await readdir(join(cwd, 'checkpoints', 'first', 'reports'))).toEqual(['mnist-test.json']);
});

it('without a terminal, people get one plain line an epoch, and the summary on stdout', async () => {
  const cwd = await temporaryFolder();
  const { code, stdout, stderr } = await runCommand(['train', '--epochs', '2', ...QUICK], { cwd });
  expect(code).toBe(0);
  // eslint-disable-next-line no-control-regex -- escape sequences are what must not be there
  expect(stdout + stderr).not.toMatch(/\u001b/);
  expect(stderr.split('\n').filter((line) => line.startsWith('epoch '))).toHaveLength(2);
  expect(stdout).toMatch(/^test +\d\d\.\d\d % accuracy/);
});

it('the same seed gives the same weights bit for bit with one thread, another seed others', async () => {
  const cwd = await temporaryFolder();
  const weights = async (run: string, seed: string, start = runCommand): Promise<Uint8Array[]> => {
    const { code } = await start(['train', '--epochs', '1', '--run', run, '--seed', seed, ...QUICK], {
      cwd,
    });
    expect(code).toBe(0);
    const { tensors } = await readCheckpoint(join(cwd, 'checkpoints', run, 'last.safetensors'));
    return [...tensors.values()].map(({ bytes }) => bytes);
  };
  const first = await weights('a', '3');
  expect(await weights('b', '3')).toEqual(first);
  expect(await weights('c', '4', runHere)).not.toEqual(first);
});

it('--init-from starts where another run ended', async () => {
  const cwd = await temporaryFolder();
  await runHere(['train', '--epochs', '2', '--run', 'teacher', ...QUICK], { cwd });
  const { code, events } = await runCommand(
    ['train', '--epochs', '1', '--run', 'pupil', '--init-from', 'teacher', '--seed', '9', '--json', ...QUICK],
    { cwd },
  );
  expect(code).toBe(0);
  const epoch = events().find(({ event }) => event === 'epoch') as { accuracy: number };
  // From random weights the first epoch's mean accuracy is near 60 %.
  expect(epoch.accuracy).toBeGreaterThan(0.88);
});
