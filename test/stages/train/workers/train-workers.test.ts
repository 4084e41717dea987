import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';

import { readCheckpoint } from '../../../../src/artifacts/checkpoint.js';
import { messageOf } from '../../../../src/core/errors.js';
import { silentContext, type EpochEvent, type ToolkitEvent } from '../../../../src/core/events.js';
import { installMpi } from '../../../../src/engine/mpi/install.js';
import { train } from '../../../../src/index.js';
import { temporaryFolder } from '../../../support/folders.js';
import { childrenOf, killChildOf } from '../../../support/processes.js';
import { toolkitError } from '../../../support/errors.js';

/** Why MPI is not there; undefined if it is. */
let obstacle: string | undefined;

beforeAll(async () => {
  // As a user would; once for all runs of the tests on a machine.
  await installMpi(process.env, silentContext()).catch((error: unknown) => (obstacle = messageOf(error)));
}, 60_000);

/** Without MPI, a test says that it was left out. */
function needMpi({ skip }: TestContext): void {
  if (obstacle !== undefined) skip(`no MPI: ${obstacle}`);
}

/** The workers that this process has started. */
async function childrenOfThis(): Promise<number[]> {
  return childrenOf(process.pid, 'worker-process');
}

async function weightsOf(folder: string): Promise<Map<string, Buffer>> {
  const { tensors } = await readCheckpoint(join(folder, 'last.safetensors'));
  return new Map([...tensors].map(([name, { bytes }]) => [name, Buffer.from(bytes)]));
}

describe('workers', () => {
  it('train, and go on after one was killed, to the weights of one process with two threads', async (test) => {
    needMpi(test);
    const checkpointsDir = await temporaryFolder();
    const given = { dataDir: inject('smallDataDir'), checkpointsDir, epochs: 2, device: 'cpu' as const };
    const one = await train({ ...given, run: 'one', threads: 2, stopAfter: 1 });
    const events: ToolkitEvent[] = [];
    let killed: number | undefined;
    const emit = (event: ToolkitEvent): void => {
      events.push(event);
      if (event.event !== 'batch' || killed !== undefined) return;
      killed = 0;
      void childrenOfThis().then(([pid]) => {
        if (pid !== undefined) process.kill((killed = pid), 'SIGKILL');
      });
    };
    const workers = { workers: 2, threads: 1, restarts: 1 };
    const asked: number[] = [];
    const onEpoch = ({ epoch }: EpochEvent): 'stop' => {
      asked.push(epoch);
      return 'stop';
    };
    const two = await train({ ...given, ...workers, run: 'two' }, { emit, onEpoch });
    expect(killed).toBeGreaterThan(0);
    expect([two.epochs, asked]).toEqual([1, [1]]);
    expect(two.validation).toEqual(one.validation);
    expect(events).toContainEqual(expect.objectContaining({ event: 'warning', code: 'WORKER_LOST' }));
    expect(two.test).toEqual(one.test);
    expect(two.execution).toMatchObject({ mode: 'compiled', shards: 2, threads: 1 });
    expect(await weightsOf(two.folder)).toEqual(await weightsOf(one.folder));
    expect(await childrenOfThis()).toEqual([]);
  });

  it('go on without one that was killed, in a range', async (test) => {
    needMpi(test);
    test.skip(availableParallelism() < 2, 'a range begins with one worker for each core');
    const checkpointsDir = await temporaryFolder();
    const given = { dataDir: inject('smallDataDir'), checkpointsDir, epochs: 1, device: 'cpu' as const };
    const hints: string[] = [];
    let isKilled = false;
    const emit = (event: ToolkitEvent): void => {
      if (event.event === 'warning' && event.code === 'WORKER_LOST') hints.push(event.hint);
      if (event.event !== 'run' || isKilled) return;
      isKilled = true;
      void killChildOf(process.pid, 'worker-process');
    };
    const { execution, epochs } = await train({ ...given, elastic: '1:2', threads: 1 }, { emit });
    expect(hints).toEqual([expect.stringMatching(/with 1 of 2 workers; restarts left: 0$/)]);
    expect([execution, epochs]).toEqual([expect.objectContaining({ shards: 1 }), 1]);
  });

  it('fail together, with one error, where one of them has no data', async (test) => {
    needMpi(test);
    const dataDir = await temporaryFolder();
    const given = { dataDir, checkpointsDir: dataDir, dataset: 'nothing', workers: 2 };
    await toolkitError('DATASET_UNKNOWN', train(given));
    expect(await childrenOfThis()).toEqual([]);
  });
});

describe('what workers cannot do is refused by name', () => {
  it.each([
    [{ private: true }, 'with --private'],
    [{ engine: 'eager' as const }, 'with --engine eager'],
    [{ backend: 'cpu' }, 'with --backend cpu'],
    [{ precision: 'mixed' as const }, 'with --precision mixed'],
    [{ device: 'gpu' as const }, 'with --device gpu'],
    [{ accumulate: 2 }, 'with --accumulate 2'],
  ])('%o', async (options, what) => {
    const error = await toolkitError('WORKERS_UNSUPPORTED', train({ workers: 2, ...options }));
    expect(error.message).toBe(`several workers cannot train ${what}`);
  });

  it('batches too small for all', async () => {
    expect((await toolkitError('USAGE', train({ workers: 3, batchSize: 2 }))).message).toContain(
      '--batch-size 2',
    );
  });
});
