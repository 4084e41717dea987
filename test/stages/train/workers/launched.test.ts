import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, inject, it, type TestContext } from 'vitest';

import { messageOf } from '../../../../src/core/errors.js';
import { silentContext } from '../../../../src/core/events.js';
import { packageFolder } from '../../../../src/core/package-folder.js';
import { installMpi, type InstalledMpi } from '../../../../src/engine/mpi/install.js';
import { jobName, joinLimit, keepJoinTime, MOST_JOIN_MS } from '../../../../src/engine/mpi/join-limit.js';
import { installedRuntime } from '../../../../src/tensorflow/runtime/obtain.js';
import { temporaryFolder } from '../../../support/folders.js';

const TRAIN = [process.execPath, fileURLToPath(new URL('bin/mnist.js', packageFolder)), 'train'];

let mpi: InstalledMpi | undefined;
let obstacle: string | undefined;

beforeAll(async () => {
  mpi = await installMpi(process.env, silentContext()).catch((error: unknown) => {
    obstacle = messageOf(error);
    return undefined;
  });
}, 60_000);

/** Without MPI, a test says that it was left out. */
function needMpi({ skip }: TestContext): InstalledMpi {
  return mpi ?? skip(`no MPI: ${obstacle ?? 'it is missing'}`);
}

/** Starts one rank with each of some command lines on this machine, and resolves when all have ended. */
async function mpiexec(
  { mpiexec: program, library }: InstalledMpi,
  ranks: readonly (readonly string[])[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const words = ranks.flatMap((rank, index) => [...(index > 0 ? [':'] : []), '-n', '1', ...rank]);
  const child = spawn(program, ['-launcher', 'fork', '-iface', 'lo', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MNIST_MPI: library, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

describe.skipIf(process.platform !== 'linux')('ranks of mpiexec', () => {
  it('train, and remember how long they took to join', async (test) => {
    const installed = needMpi(test);
    const folder = await temporaryFolder();
    const cache = await temporaryFolder();
    const options = ['--data-dir', inject('smallDataDir'), '--checkpoints-dir', folder, '--run', 'launched'];
    const rank = [...TRAIN, ...options, '--epochs', '1', '--device', 'cpu', '--threads', '1', '--json'];
    const wanted = { device: 'cpu' as const, folder: undefined, environment: process.env };
    const found = await installedRuntime(wanted, silentContext().emit);
    const runtime = { MNIST_TENSORFLOW: found?.runtime.folder, XDG_CACHE_HOME: cache };
    const { code, output } = await mpiexec(installed, [rank, rank], runtime);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain('"event":"result"');
    const job = jobName(2, { MPI_LOCALNRANKS: '2' });
    expect(joinLimit({ folder: join(cache, 'mnist-train'), job })).toBeLessThan(MOST_JOIN_MS);
  });

  it('notice one of the same host that was stopped before its first step', async (test) => {
    const stopped = ['sh', '-c', `kill -STOP $$; exec ${TRAIN.join(' ')}`];
    // Nothing is known there of earlier starts, so that it waits for long.
    const patient = { XDG_CACHE_HOME: await temporaryFolder() };
    const { code, output } = await mpiexec(needMpi(test), [TRAIN, stopped], patient);
    expect(code).not.toBe(0);
    expect(output).toMatch(/error: a worker on this host is stopped \(process \d+\)/);
  });

  it('wait for one that does not come as long as starts take, and for longer the next time', async (test) => {
    const cache = await temporaryFolder();
    const record = { folder: join(cache, 'mnist-train'), job: jobName(2, { MPI_LOCALNRANKS: '2' }) };
    keepJoinTime(record, 100);
    const { code, output } = await mpiexec(needMpi(test), [TRAIN, ['sleep', '50']], {
      XDG_CACHE_HOME: cache,
    });
    expect(code).not.toBe(0);
    expect(output).toContain('error: not all workers have started within 3.0 s');
    expect(joinLimit(record)).toBe(MOST_JOIN_MS);
  });

  it('say what is wrong with their options, though they have joined', async (test) => {
    const rank = [...TRAIN, '--batch-size', '1', '--json'];
    const { code, output } = await mpiexec(needMpi(test), [rank, rank]);
    expect(code).toBe(2);
    expect(output).toContain('--batch-size 1');
  });
});
