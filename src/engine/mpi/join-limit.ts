import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

/** How long workers may take to start where nothing is known of them: MPI waits for ever for one that does not come. */
export const MOST_JOIN_MS = 60_000;
/** How many times as long as in the last start workers may take, and how long at least. */
const FACTOR = 3;
const LEAST_JOIN_MS = 3000;

const FILE = 'mpi-starts.json';
const schema = z.record(z.string(), z.number().min(0).max(MOST_JOIN_MS));

/** Where it is kept how long starts took. */
export interface JoinRecord {
  /** A folder of this user; it need not exist. */
  readonly folder: string;
  /** Names jobs that start alike. */
  readonly job: string;
}

/** The name of jobs that start alike: of as many workers, with as many on this host, and on the same hosts where a launcher names them. */
export function jobName(size: number, environment: NodeJS.ProcessEnv): string {
  const here = environment['MPI_LOCALNRANKS'] ?? environment['OMPI_COMM_WORLD_LOCAL_SIZE'] ?? '';
  return [hostname(), size, here, environment['SLURM_STEP_NODELIST'] ?? ''].join(' ');
}

/**
 * How long a worker waits at its start for the others, in milliseconds. Nobody can tell from another host whether one was stopped before it
 * could say anything, or is slow, as where SSH waits for a name server. So the first start of a job waits for long, and later ones for three
 * times as long as the last one took, at least for three seconds.
 */
export function joinLimit(record: JoinRecord): number {
  const took = read(record.folder)[record.job];
  return took === undefined ? MOST_JOIN_MS : Math.min(MOST_JOIN_MS, Math.max(LEAST_JOIN_MS, FACTOR * took));
}

/** Keeps how long a worker has waited for the others, at most, in milliseconds. */
export function keepJoinTime({ folder, job }: JoinRecord, milliseconds: number): void {
  write(folder, { ...read(folder), [job]: Math.min(MOST_JOIN_MS, Math.round(milliseconds)) });
}

/** Forgets it, so that the next start waits for long: hosts may have become slow. */
export function forgetJoinTime({ folder, job }: JoinRecord): void {
  write(folder, Object.fromEntries(Object.entries(read(folder)).filter(([name]) => name !== job)));
}

/** What is kept; nothing where it cannot be read, which only makes starts wait for longer. */
function read(folder: string): z.infer<typeof schema> {
  try {
    return schema.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return {};
  }
}

/** Synchronously, as the process may end next. What cannot be written is left. */
function write(folder: string, times: z.infer<typeof schema>): void {
  const path = join(folder, FILE);
  const draft = `${path}.${hostname()}-${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, `${JSON.stringify(times)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}
