import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, inject, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { QUICK, runCommand, runHere, type Ended } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { mount, NO_MOUNT } from '../support/mounts.js';

/** One line that says what is wrong and what to do; and the same for programs. */
function expectError({ code, stderr }: Ended, exitCode: number, text: RegExp): void {
  expect(stderr).toMatch(text);
  expect(stderr.split('\n').filter((line) => line.startsWith('error: '))).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code).toBe(exitCode);
}

/** A copy of the raw MNIST files to be damaged. */
async function rawCopy(): Promise<{ dataDir: string; file: (name: string) => string }> {
  const dataDir = await temporaryFolder();
  await cp(join(inject('smallDataDir'), 'mnist', 'raw'), join(dataDir, 'mnist', 'raw'), { recursive: true });
  return { dataDir, file: (name) => join(dataDir, 'mnist', 'raw', name) };
}

it('2: a mistyped option, command or value, with what was meant', async () => {
  const cwd = await temporaryFolder();
  expectError(
    await runCommand(['train', '--epocs', '3'], { cwd }),
    2,
    /unknown option --epocs .* did you mean --epochs\?/,
  );
  expectError(await runCommand(['trian'], { cwd }), 2, /unknown command "trian" — did you mean "train"\?/);
  expectError(
    await runCommand(['train', '--batch-size', '0'], { cwd }),
    2,
    /--batch-size is 0 \(from the command line\), but must be a whole number from 1 to 65536/,
  );
  expectError(
    await runCommand(['train', '--model', 'mlpp'], { cwd }),
    2,
    /--model is "mlpp".*did you mean mlp\?/,
  );
  expectError(await runCommand(['evaluate'], { cwd }), 2, /missing required argument 'checkpoint'/);
});

it('2: a configuration with a wrong type, an unknown key, or that is no JSON, names the file', async () => {
  const cwd = await temporaryFolder();
  const config = join(cwd, 'mine.json');
  const run = (): Promise<Ended> => runHere(['train', '--config', config], { cwd });
  await writeFile(config, '{"epochs": "ten"}');
  expectError(await run(), 2, /epochs is "ten" \(from .*mine\.json\), but must be a whole number/);
  await writeFile(config, '{"epoch": 10}');
  expectError(await run(), 2, /unknown option epoch \(from .*mine\.json\) — did you mean epochs\?/);
  await writeFile(config, '{"epochs": 10');
  expectError(await run(), 2, /mine\.json: not JSON/);
  await rm(config);
  expectError(await run(), 2, /mine\.json: not found/);
});

it('3: missing, truncated and corrupted data', async () => {
  const cwd = await temporaryFolder();
  expectError(
    await runCommand(['train', '--dataset', 'minst'], { cwd }),
    3,
    /unknown data set "minst".*did you mean "mnist"/,
  );
  expectError(
    await runHere(['train', '--dataset', 'fashion-mnist'], { cwd }),
    3,
    /fashion-mnist.*dataset-fashion-mnist/,
  );
  expectError(
    await runHere(['collect', 'mnist', '--from', join(cwd, 'nowhere'), '--data-dir', cwd], { cwd }),
    3,
    /nowhere: not found/,
  );

  const { dataDir, file } = await rawCopy();
  const preprocess = (): Promise<Ended> => runHere(['preprocess', '--data-dir', dataDir], { cwd });
  await truncate(file('train-images-idx3-ubyte'), 1_000_000);
  expectError(await preprocess(), 3, /train-images-idx3-ubyte: 1000000 bytes, but its manifest says 9408016/);
  const labels = await readFile(file('t10k-labels-idx1-ubyte'));
  labels[1000]! ^= 1;
  await writeFile(file('t10k-labels-idx1-ubyte'), labels);
  await cp(
    join(inject('smallDataDir'), 'mnist', 'raw', 'train-images-idx3-ubyte'),
    file('train-images-idx3-ubyte'),
  );
  expectError(await preprocess(), 3, /t10k-labels-idx1-ubyte: its SHA-256 differs from the manifest/);
});

it('4: no runtime: an error where TensorFlow was asked for, a warning where not', async () => {
  const cwd = await temporaryFolder();
  const environment = { XDG_CACHE_HOME: join(cwd, 'empty'), MNIST_OFFLINE: '1', PATH: join(cwd, 'empty') };
  const words = ['train', '--epochs', '1', ...QUICK];
  expectError(
    await runCommand([...words, '--backend', 'tensorflow'], { cwd, environment }),
    4,
    /no TensorFlow runtime: none is installed, and MNIST_OFFLINE forbids installing one/,
  );
  expectError(await runCommand([...words, '--runtime', cwd], { cwd }), 4, /not a usable TensorFlow runtime/);
  const fallback = await runCommand([...words, '--json', '--run', 'wasm'], { cwd, environment });
  expect(fallback.stderr).toMatch(
    /warning: no TensorFlow runtime.*WebAssembly instead, which is several times slower/,
  );
  expect(fallback.code).toBe(0);
  expect(fallback.result()).toMatchObject({ backend: 'wasm', epochs: 1 });
});

it('5: the quality gate, with the result as the last line', async () => {
  const cwd = await temporaryFolder();
  const trained = await runCommand(
    ['train', '--epochs', '1', '--min-accuracy', '0.999', '--run', 'weak', '--json', ...QUICK],
    { cwd },
  );
  expect(trained.code).toBe(5);
  expect(trained.events().at(-2)).toMatchObject({ event: 'error', code: 'QUALITY_GATE_NOT_MET' });
  expect(trained.result()).toMatchObject({ event: 'result', run: 'weak' });
  const gate = (minimum: string): Promise<Ended> =>
    runHere(['evaluate', 'weak', '--min-accuracy', minimum], { cwd });
  expectError(await gate('0.999'), 5, /test accuracy is 0\.\d+, below the minimum of 0\.999/);
  expect((await gate('0.5')).code).toBe(0);
});

it('6: a missing or damaged checkpoint, and one of another program', async () => {
  const cwd = await temporaryFolder();
  expectError(await runCommand(['evaluate', 'latest'], { cwd }), 6, /no checkpoint "latest"/);
  await runHere(['train', '--epochs', '1', '--run', 'good', ...QUICK], { cwd });
  expectError(await runHere(['evaluate', 'goood'], { cwd }), 6, /no checkpoint "goood".*did you mean "good"/);
  const path = join(cwd, 'checkpoints', 'good', 'best.safetensors');
  const bytes = await readFile(path);
  bytes[bytes.length - 1000]! ^= 4;
  await writeFile(path, bytes);
  expectError(
    await runCommand(['evaluate', 'good'], { cwd }),
    6,
    /best\.safetensors: damaged or not a checkpoint/,
  );
});

it('1: a folder that cannot be written to is named', async () => {
  const cwd = await temporaryFolder();
  await writeFile(join(cwd, 'file'), '');
  expectError(
    await runCommand(['train', '--checkpoints-dir', join(cwd, 'file'), ...QUICK], { cwd }),
    1,
    /file.*cannot be written \((ENOTDIR|EEXIST)\)/,
  );
});

it('1: a full disk is named, and the checkpoint from before is intact', async ({ skip }) => {
  const cwd = await temporaryFolder();
  const checkpoints = join(cwd, 'checkpoints');
  await mkdir(checkpoints);
  // Room for a run's first checkpoint (1.3 MB with Adam's moments), and not for a second beside it.
  if (!mount(checkpoints, 'size=2000k')) skip(NO_MOUNT);
  expectError(
    await runCommand(['train', '--epochs', '2', '--run', 'full', ...QUICK], { cwd }),
    1,
    /checkpoints\/full\/(best|last)\.safetensors: no space left on the device/,
  );
  const { description } = await readCheckpoint(join(checkpoints, 'full', 'last.safetensors'));
  expect(description.progress.step).toBe(0);
});

it('1: a read-only folder is named', async ({ skip }) => {
  const cwd = await temporaryFolder();
  const checkpoints = join(cwd, 'checkpoints');
  await mkdir(checkpoints);
  if (!mount(checkpoints, 'size=1m,ro')) skip(NO_MOUNT);
  expectError(
    await runCommand(['train', '--run', 'denied', ...QUICK], { cwd }),
    1,
    /checkpoints.*cannot be written \(EROFS\)/,
  );
});

it('2: a run that exists is not overwritten', async () => {
  const cwd = await temporaryFolder();
  const words = ['train', '--epochs', '1', '--run', 'mine', ...QUICK];
  expect((await runHere(words, { cwd })).code).toBe(0);
  expectError(await runCommand(words, { cwd }), 2, /run "mine" already exists.*--resume mine/);
});

it('--verbose shows where an error comes from', async () => {
  const cwd = await temporaryFolder();
  const { stderr } = await runCommand(['evaluate', 'nothing', '--verbose'], { cwd });
  expect(stderr).toMatch(/CHECKPOINT_MISSING|ToolkitError/);
  expect(stderr).toMatch(/\n\s+at /);
});
