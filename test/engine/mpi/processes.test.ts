import { PassThrough, Duplex } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { launchedPlace } from '../../../src/engine/mpi/launched.js';
import { PmiServer } from '../../../src/engine/mpi/pmi-server.js';
import { peersOf, Silence, SILENCE_MS } from '../../../src/engine/mpi/heartbeat.js';

describe('launchedPlace', () => {
  it.each([
    [
      { PMI_RANK: '1', PMI_SIZE: '4' },
      { rank: 1, size: 4, family: undefined },
    ],
    [
      { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' },
      { rank: 0, size: 2, family: 'Open MPI' },
    ],
    [
      { SLURM_PROCID: '3', SLURM_STEP_NUM_TASKS: '8' },
      { rank: 3, size: 8, family: undefined },
    ],
  ])('knows what launchers set: %o', (environment, place) => {
    expect(launchedPlace(environment)).toEqual(place);
  });

  it('is that of a process on its own otherwise, as in a batch script of Slurm', () => {
    expect(launchedPlace({})).toBeUndefined();
    expect(launchedPlace({ PMI_RANK: '0', PMI_SIZE: '1' })).toBeUndefined();
    expect(launchedPlace({ SLURM_PROCID: '0', SLURM_NTASKS: '8' })).toBeUndefined();
    expect(launchedPlace({ PMI_RANK: 'x', PMI_SIZE: '2' })).toBeUndefined();
    expect(launchedPlace({ PMI_RANK: '2', PMI_SIZE: '2' })).toBeUndefined();
  });
});

describe('PmiServer', () => {
  /** A worker's end of its pipe. */
  function worker(
    server: PmiServer,
    onAbort: () => void = () => undefined,
  ): (line: string) => Promise<string> {
    const [toServer, fromServer] = [new PassThrough(), new PassThrough()];
    server.serve(Duplex.from({ readable: toServer, writable: fromServer }), onAbort);
    return async (line) => {
      const answer = new Promise<string>((resolve) => {
        fromServer.once('data', (chunk: Buffer) => {
          resolve(chunk.toString().trim());
        });
      });
      toServer.write(`${line}\n`);
      return answer;
    };
  }

  it('tells workers of each other, and lets them wait for all', async () => {
    const server = new PmiServer(2);
    const [first, second] = [worker(server), worker(server)];
    expect(await first('cmd=init pmi_version=1 pmi_subversion=1')).toContain('rc=0');
    expect(await first('cmd=get kvsname=job key=PMI_process_mapping')).toBe(
      'cmd=get_result rc=0 value=(vector,(0,1,2))',
    );
    expect(await first('cmd=put kvsname=job key=address value=there')).toBe('cmd=put_result rc=0');
    expect(await second('cmd=get kvsname=job key=address')).toBe('cmd=get_result rc=0 value=there');
    expect(await second('cmd=get kvsname=job key=none')).toContain('rc=-1');
    const waiting = first('cmd=barrier_in');
    expect(await second('cmd=barrier_in')).toBe('cmd=barrier_out rc=0');
    expect(await waiting).toBe('cmd=barrier_out rc=0');
    expect(await first('cmd=spawn')).toBe('cmd=spawn rc=-1 msg=not_supported');
  });

  it('gives each job a name of its own: it becomes that of the memory which its workers share', async () => {
    const names = await Promise.all([1, 2].map(() => worker(new PmiServer(1))('cmd=get_my_kvsname')));
    expect(new Set(names).size).toBe(2);
  });
});

describe('Silence', () => {
  it('is noticed of a peer that does not speak, and not of one that has left', () => {
    const silence = new Silence(peersOf(0, 3), 0);
    for (let now = 500; now <= SILENCE_MS; now += 500) {
      silence.heard(1, now);
      expect(silence.lost(now)).toBeUndefined();
    }
    expect(silence.lost(SILENCE_MS + 500)).toBe(2);
    silence.left(2);
    expect(silence.lost(SILENCE_MS + 600)).toBeUndefined();
  });

  it('is not held against others by a worker that was itself stopped', () => {
    const silence = new Silence(peersOf(1, 2), 0);
    expect(silence.lost(60_000)).toBeUndefined();
    for (let now = 60_500; now <= 60_000 + SILENCE_MS; now += 500) expect(silence.lost(now)).toBeUndefined();
    expect(silence.lost(60_500 + SILENCE_MS)).toBe(0);
  });
});
