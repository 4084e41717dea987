import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { Random } from '../../src/core/random.js';
import { QUICK, runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { tensorDigests } from '../support/tensor-digests.js';

const EPOCHS = '4';

async function finalState(cwd: string, run: string): Promise<object> {
  const { tensors, description } = await readCheckpoint(join(cwd, 'checkpoints', run, 'last.safetensors'));
  const history = description.progress.history.map(({ loss, accuracy, validation }) => ({
    loss,
    accuracy,
    validation,
  }));
  return { history, step: description.progress.step, tensors: tensorDigests({ tensors }) };
}

let whole: Promise<object> | undefined;

/** How a run ends that is never stopped; trained once for all tests. */
function reference(cwd: string): Promise<object> {
  const train = async (): Promise<object> => {
    const { code } = await runCommand(['train', '--epochs', EPOCHS, '--run', 'whole', ...QUICK], { cwd });
    expect(code).toBe(0);
    return finalState(cwd, 'whole');
  };
  return (whole ??= train());
}

/** Ends a run with a signal so many milliseconds after its first epoch, or after that of another event or number. */
async function trainAndStop(
  cwd: string,
  run: string,
  signal: NodeJS.Signals,
  afterMs: number,
  { event = 'epoch', number = 1, words = ['--epochs', EPOCHS, ...QUICK] as readonly string[] } = {},
): Promise<number | null> {
  let isSet = false;
  const { code } = await runCommand(['train', '--run', run, '--json', ...words], {
    cwd,
    onOutput: (stdout, child) => {
      if (isSet || stdout.split(`"event":"${event}"`).length <= number) return;
      isSet = true;
      setTimeout(() => child.kill(signal), afterMs);
    },
  });
  return code;
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s leaves a checkpoint from which the run ends as if it had never stopped',
  { timeout: 120_000 },
  async (signal, exitCode) => {
    const cwd = await temporaryFolder();
    const expected = await reference(cwd);
    expect(await trainAndStop(cwd, 'stopped', signal, 60)).toBe(exitCode);
    const { code } = await runCommand(['train', '--resume', 'stopped'], { cwd });
    expect(code).toBe(0);
    expect(await finalState(cwd, 'stopped')).toEqual(expected);
  },
);

it('SIGKILL at random moments costs at most the epoch under way', { timeout: 240_000 }, async () => {
  const cwd = await temporaryFolder();
  const expected = await reference(cwd);
  const random = new Random(20_261_124, 'moments of death');
  for (let attempt = 0; attempt < 3; attempt++) {
    const run = `killed-${attempt}`;
    // Counted from an epoch, so that a fast machine has not ended before.
    const after = { number: 1 + random.integer(2) };
    expect(await trainAndStop(cwd, run, 'SIGKILL', random.integer(120), after)).toBeNull();
    const { code, stderr } = await runCommand(['train', '--resume', run], { cwd });
    expect(stderr).not.toMatch(/^error/m);
    expect(code).toBe(0);
    expect(await finalState(cwd, run)).toEqual(expected);
  }
});

it('a resumed run keeps its configuration, and can be made longer', async () => {
  const cwd = await temporaryFolder();
  const first = ['train', '--epochs', '1', '--run', 'short', '--schedule', 'constant', ...QUICK];
  expect((await runHere(first, { cwd })).code).toBe(0);
  const other = await runHere(['train', '--resume', 'short', '--batch-size', '50'], { cwd });
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('batchSize is 100 in run "short", but 50 was given');
  const longer = await runCommand(['train', '--resume', 'short', '--epochs', '2', '--json'], { cwd });
  expect(longer.code).toBe(0);
  expect(longer.result()).toMatchObject({ run: 'short', epochs: 2 });
  expect(longer.events().filter(({ event }) => event === 'epoch')).toHaveLength(1);
});

it('a run in use is refused to a second process', async () => {
  const cwd = await temporaryFolder();
  let second: Promise<{ code: number | null; stderr: string }> | undefined;
  await runCommand(['train', '--epochs', '10000', '--run', 'shared', '--json', ...QUICK], {
    cwd,
    onOutput: (stdout, child) => {
      if (!stdout.includes('"event":"epoch"')) return;
      second ??= runCommand(['train', '--resume', 'shared'], { cwd }).finally(() => child.kill('SIGINT'));
    },
  });
  const { code, stderr } = await second!;
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: .*shared: in use by process \d+/);
});

it('deploying what was interrupted in its first epoch warns of it', async () => {
  const cwd = await temporaryFolder();
  const words = ['--batch-size', '1', '--epochs', '1', '--threads', '1'];
  expect(await trainAndStop(cwd, 'early', 'SIGINT', 300, { event: 'run', words })).toBe(130);
  const deployed = await runHere(['deploy', 'early', '--to', 'savedmodel', '--json'], { cwd });
  expect(deployed.code).toBe(0);
  expect(deployed.events()).toContainEqual(
    expect.objectContaining({
      code: 'TRAINING_UNFINISHED',
      message: expect.stringMatching(
        /last\.safetensors was saved during the first epoch, after \d+ steps?$/,
      ) as string,
      hint: 'continue with "mnist train --resume early"',
    }),
  );
});
