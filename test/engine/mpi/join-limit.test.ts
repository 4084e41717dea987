import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  forgetJoinTime,
  jobName,
  joinLimit,
  keepJoinTime,
  MOST_JOIN_MS,
} from '../../../src/engine/mpi/join-limit.js';
import { temporaryFolder } from '../../support/folders.js';

describe('how long workers wait for each other', () => {
  it('is long at first, then three times as long as the last start took, and long again where that was too short', async () => {
    const record = { folder: join(await temporaryFolder(), 'not', 'there'), job: 'job' };
    expect(joinLimit(record)).toBe(MOST_JOIN_MS);
    keepJoinTime(record, 2000.4);
    keepJoinTime({ ...record, job: 'other' }, 90_000);
    expect(joinLimit(record)).toBe(6000);
    keepJoinTime(record, 200);
    expect(joinLimit(record)).toBe(3000);
    forgetJoinTime(record);
    expect(joinLimit(record)).toBe(MOST_JOIN_MS);
    expect(joinLimit({ ...record, job: 'other' })).toBe(MOST_JOIN_MS);
  });

  it.each(['', '[', '{"job":"soon"}', '{"job":-1}', '{"job":1e9}'])(
    'is long where a file holds %j',
    async (text) => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, 'mpi-starts.json'), text);
      expect(joinLimit({ folder, job: 'job' })).toBe(MOST_JOIN_MS);
      keepJoinTime({ folder, job: 'job' }, 2000);
      expect(joinLimit({ folder, job: 'job' })).toBe(6000);
    },
  );

  it('is that of jobs which start alike', () => {
    const name = jobName(4, { MPI_LOCALNRANKS: '2' });
    expect(jobName(4, { MPI_LOCALNRANKS: '2', OTHER: '1' })).toBe(name);
    const others = [
      jobName(8, { MPI_LOCALNRANKS: '2' }),
      jobName(4, { MPI_LOCALNRANKS: '1' }),
      jobName(4, { OMPI_COMM_WORLD_LOCAL_SIZE: '4' }),
      jobName(4, { MPI_LOCALNRANKS: '2', SLURM_STEP_NODELIST: 'a,b' }),
    ];
    expect(new Set([name, ...others]).size).toBe(5);
  });
});
