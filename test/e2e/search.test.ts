import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { readCheckpoint } from '../../src/artifacts/checkpoint.js';
import { readSearch, SearchFolder } from '../../src/artifacts/search.js';
import { runCommand, runHere } from '../support/command.js';
import { temporaryFolder } from '../support/folders.js';
import { killChildOf } from '../support/processes.js';
import { tensorDigests } from '../support/tensor-digests.js';

interface Result {
  best: number;
  trials: {
    trial: number;
    state: string;
    epochs: number;
    seconds: number;
    settings: Record<string, unknown>;
  }[];
}

/** In one trial the weights grow beyond all numbers; Adam has no momentum. */
const CONFIGURATION = {
  ...{ validationSplit: 0.5, threads: 1, hiddenLayers: [16] },
  search: {
    ...{ strategy: 'successive-halving', trials: 6, maxEpochs: 4, reductionFactor: 2, seed: 2 },
    space: {
      optimizer: ['adam', 'momentum'],
      learningRate: [0.003, 0.01, 1000],
      weightDecay: [0, 10],
      momentum: { min: 0.8, max: 0.95 },
    },
  },
};

const weightsOf = async (...path: string[]): Promise<object> => {
  return tensorDigests(await readCheckpoint(join(...path, 'last.safetensors')));
};

it(
  'a search that is killed and interrupted ends as one that is not, and its best trial is a run like any other',
  {
    timeout: 180_000,
  },
  async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'space.json'), JSON.stringify(CONFIGURATION));
    const search = ['search', '--config', 'space.json', '--json'];
    const whole = await runCommand([...search, '--run', 'whole'], { cwd });
    expect(whole.code).toBe(0);
    const { trials, best } = whole.result() as unknown as Result;

    // The trials: some fail, one is trained to its end, and what does not apply is not among their settings.
    expect(trials).toHaveLength(6);
    const failed = trials.filter(({ state }) => state === 'failed');
    expect(failed.map(({ settings }) => settings)).toMatchObject([{ learningRate: 1000, weightDecay: 10 }]);
    expect(trials[0]).toMatchObject({ trial: best, state: 'completed', epochs: 4 });
    for (const { settings } of trials) {
      expect('momentum' in settings).toBe(settings['optimizer'] === 'momentum');
    }
    expect(await readFile(join(cwd, 'checkpoints', 'whole', 'trials.svg'), 'utf8')).toMatch(
      /^<svg .*<\/svg>\n$/s,
    );

    // Killed, and then interrupted.
    for (const [signal, words, events] of [
      ['SIGKILL', [...search, '--run', 'broken'], 3],
      ['SIGINT', ['search', '--resume', 'broken', '--json'], 2],
    ] as const) {
      let isSent = false;
      const { code, stderr } = await runCommand(words, {
        cwd,
        onOutput: (stdout, child) => {
          if (isSent || stdout.split('"event":"trial"').length <= events) return;
          isSent = child.kill(signal);
        },
      });
      expect(code).toBe(signal === 'SIGKILL' ? null : 130);
      if (signal === 'SIGINT')
        expect(stderr).toContain('continue with "mnist search --resume broken --data-dir ');
    }
    // It ends with several processes, of which one is killed.
    let lost: Promise<void> | undefined;
    const resumed = await runCommand(['search', '--resume', 'broken', '--workers', '2', '--json'], {
      cwd,
      onOutput: (stdout, child) => {
        if (stdout.includes('"state":"running"')) lost ??= killChildOf(child.pid!, 'trial-process');
      },
    });
    expect(resumed.code).toBe(0);
    await lost;
    expect(resumed.stdout).toContain('"code":"WORKER_LOST"');
    const states = await Promise.all(
      ['whole', 'broken'].map(async (name) => readSearch(new SearchFolder(join(cwd, 'checkpoints', name)))),
    );
    const [expected, actual] = states.map(({ trials: all }) =>
      all.map((trial) => ({ ...trial, seconds: 0 })),
    );
    expect(actual).toEqual(expected);

    // It went on from rung to rung as if it had been trained in one go.
    const config = join('checkpoints', 'whole', 'best.json');
    const again = await runCommand(['train', '--config', config, '--run', 'again', '--threads', '1'], {
      cwd,
    });
    expect(again.code).toBe(0);
    const name = `trial-00${best}`;
    expect(await weightsOf(cwd, 'checkpoints', 'again')).toEqual(
      await weightsOf(cwd, 'checkpoints', 'whole', name),
    );
    const evaluated = await runHere(['evaluate', `whole/${name}`, '--json'], { cwd });
    expect(evaluated.code).toBe(0);
  },
);

it('where no trial can be trained, the reason is the error', async () => {
  const cwd = await temporaryFolder();
  const space = { optimizer: ['momentum'], learningRate: [1000], weightDecay: [10] };
  const configuration = { validationSplit: 0.5, threads: 1, epochs: 1, search: { trials: 1, space } };
  await writeFile(join(cwd, 'space.json'), JSON.stringify(configuration));
  const { code, stderr } = await runHere(['search', '--config', 'space.json', '--run', 'none'], { cwd });
  expect(code).toBe(1);
  expect(stderr).toContain('error: no successful trial out of 1; first failure: training diverged');
  const missing = await runHere(['search', '--resume', 'nothing'], { cwd });
  expect(missing.code).toBe(6);
  expect(missing.stderr).toMatch(/nothing.*search\.json: cannot resume the search: there is no such search/);
});
