import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint, type Checkpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { tensorDigests } from '../support/tensor-digests.js';

const EPOCHS = ['--epochs', '3'];

/** Options from each of their places. */
const FILE = {
  optimizer: 'adamw',
  weightDecay: 0.05,
  decayBiases: false,
  schedule: 'one-cycle',
  warmupShare: 0.2,
  cycleMomentum: true,
};
const ENVIRONMENT = { MNIST_LABEL_SMOOTHING: '0.1', MNIST_AVERAGE_WEIGHTS: '0.99' };
const FLAGS = [
  '--config',
  'options.json',
  '--clip-norm',
  '2',
  '--learning-rate',
  '0.005',
  ...EPOCHS,
  ...QUICK,
];

function readRun(cwd: string, run: string, kind: 'last' | 'best'): Promise<Checkpoint> {
  return readCheckpoint(join(cwd, 'checkpoints', run, `${kind}.safetensors`));
}

it('averages, clipping, smoothing, AdamW and one cycle, interrupted and resumed, end as if never stopped', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'options.json'), JSON.stringify(FILE));
  const environment = ENVIRONMENT;
  const trained = await runCommand(['train', '--run', 'whole', '--json', ...FLAGS], { cwd, environment });
  expect(trained.code, trained.stderr).toBe(0);
  const { test: measured } = trained.result() as { test: { accuracy: number; loss: number } };
  expect(measured.accuracy).toBeGreaterThan(0.85);

  let isSent = false;
  const stopped = await runCommand(['train', '--run', 'stopped', '--json', ...FLAGS], {
    cwd,
    environment,
    onOutput: (stdout, child) => {
      if (isSent || !stdout.includes('"event":"epoch"')) return;
      isSent = true;
      child.kill('SIGINT');
    },
  });
  expect(stopped.code).toBe(130);
  expect((await runCommand(['train', '--resume', 'stopped'], { cwd })).code).toBe(0);
  const whole = await readRun(cwd, 'whole', 'last');
  const resumed = await readRun(cwd, 'stopped', 'last');
  expect(tensorDigests(resumed)).toEqual(tensorDigests(whole));
  expect(whole.description.config).toMatchObject({
    ...FILE,
    labelSmoothing: 0.1,
    averageWeights: 0.99,
    clipNorm: 2,
  });

  // What others read of a checkpoint is the average; the weights that training goes on with lie beside it.
  const { tensors } = await readRun(cwd, 'whole', 'best');
  const kernel = (kind: string): Float32Array => loadFloats(tensors.get(`${kind}/dense1/kernel`)!);
  expect(kernel('training')).not.toEqual(kernel('parameters'));
  const evaluated = await runHere(['evaluate', 'whole', '--json', '--threads', '1'], { cwd });
  const { accuracy, loss } = evaluated.result() as { accuracy: number; loss: number };
  expect(accuracy).toBe(measured.accuracy);
  expect(loss).toBeCloseTo(measured.loss, 6);
});

it('an option of another schedule or optimiser is refused', async () => {
  const cwd = await temporaryFolder();
  const refusal = async (...words: string[]): Promise<string> => {
    const { code, stderr } = await runHere(['train', ...words], { cwd });
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refusal('--schedule', 'cosine', '--step-epochs', '2')).toMatch(
    /--step-epochs.*schedule cosine/s,
  );
  expect(await refusal('--schedule', 'onecycle')).toMatch(/did you mean one-cycle/);
  expect(await refusal('--nesterov')).toMatch(/--nesterov.*optimizer adam/s);
  expect(await refusal('--optimizer', 'sgd', '--schedule', 'one-cycle', '--cycle-momentum')).toMatch(
    /sgd has no momentum/,
  );
  expect(await refusal('--average-weights', '1')).toMatch(/--average-weights.*above 0 and below 1/s);
});
