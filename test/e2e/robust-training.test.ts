import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { loadFloats } from '../../src/artifacts/safetensors.js';
import { QUICK, runCommand, wholeMnist } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';

/** Enough addresses for Node.js and TensorFlow, and too few for a huge batch; in KiB. */
const ADDRESSES = 8_000_000;

it('a batch that does not fit into the memory: which one would, and the checkpoint from before is intact', async () => {
  const cwd = await temporaryFolder();
  const node = join(cwd, 'node.sh');
  await writeFile(node, `#!/bin/sh\nulimit -v ${ADDRESSES}\nexec "${process.execPath}" "$@"\n`);
  await chmod(node, 0o755);
  const words = ['train', '--model', 'cnn', '--device', 'cpu', '--batch-size', '20000', '--run', 'huge'];
  // oneDNN's allocator asks again for twenty seconds before it gives up.
  const environment = { ...wholeMnist(), TF_ENABLE_ONEDNN_OPTS: '0' };
  const { code, stderr } = await runCommand([...words, '--threads', '1'], { cwd, node, environment });
  expect(stderr).toMatch(
    /error: out of memory with batch size 20000: no \d+ bytes for a tensor of the shape \[20000, \d+, \d+, \d+\] — use --batch-size \d+; earlier checkpoints of the run are kept\n$/,
  );
  const fits = Number(/use --batch-size (\d+)/.exec(stderr)?.[1]);
  expect(fits).toBeGreaterThan(0);
  expect(fits).toBeLessThanOrEqual(10_000);
  expect(code).toBe(1);
  const last = await readCheckpoint(join(cwd, 'checkpoints', 'huge', 'last.safetensors'));
  expect(last.description.progress.step).toBe(0);
});

it('a loss that is no number: epoch, batch and advice, and no checkpoint with weights that are none', async () => {
  const cwd = await temporaryFolder();
  const words = [
    'train',
    '--optimizer',
    'sgd',
    '--weight-decay',
    '1',
    '--learning-rate',
    '1000',
    '--run',
    'wild',
    '--scaling',
    'zero-one',
  ];
  const { code, stderr } = await runCommand([...words, ...QUICK], { cwd });
  expect(stderr).toMatch(
    /error: training diverged: the loss is (NaN|Infinity) in epoch 1, batch \d+ — lower --learning-rate/,
  );
  expect(code).toBe(1);
  const { tensors } = await readCheckpoint(join(cwd, 'checkpoints', 'wild', 'last.safetensors'));
  for (const stored of tensors.values()) expect(loadFloats(stored).every(Number.isFinite)).toBe(true);
});
