import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { silentContext } from '../../src/core/events.js';
import { installMpi } from '../../src/engine/mpi/install.js';
import { folders } from '../folders.js';
import type { Network } from './network.js';
import type { MeasuredSums, SumsTask } from './scaling/sums-task.js';
import type { Trained, TrainingTask } from './training-task.js';

/** What a rank of `rank.ts` does. */
export type RankTask = SumsTask | TrainingTask;

/** What it writes. */
type Written<Task extends RankTask> = Task extends SumsTask ? MeasuredSums : Omit<Trained, 'weights'>;

/** A job of mpiexec: one rank on each host of a network. */
export interface Job {
  readonly process: ChildProcess;
  /** Each rank's process; undefined before it has started, and after its end. */
  ranks(): (number | undefined)[];
  /** What it has written to stdout and stderr. */
  output(): string;
  /** Its exit code or signal. */
  readonly end: Promise<number | string>;
}

/** The MPI of `mnist runtime install --mpi`. */
export async function findMpi(): Promise<{ mpiexec: string; library: string }> {
  return installMpi(process.env, silentContext());
}

/** The words that run `mnist` of this checkout. */
export const mnist = [process.execPath, join(folders.checkout, 'bin/mnist.js')];

/**
 * Has each of some ranks do a task: on the hosts of a network, or all on this machine. Returns what each has written, and its weights where the
 * task trains. Throws if they fail.
 */
export async function runTask<Task extends RankTask>(
  task: Task,
  ranks: number,
  network?: Network,
): Promise<{ written: Written<Task>; weights: Float32Array | undefined }[]> {
  const { mpiexec, library } = await findMpi();
  const folder = await mkdtemp(join(tmpdir(), 'mnist-ranks-'));
  try {
    const rank = join(folders.bench, 'build/rank.js');
    const program = [process.execPath, rank, library, folder, JSON.stringify(task)];
    const job = network
      ? startJob(network, mpiexec, ranks, program)
      : watched(spawn(mpiexec, ['-n', String(ranks), ...program], { stdio: ['ignore', 'pipe', 'pipe'] }));
    const end = await job.end;
    if (end !== 0) throw new Error(`the ranks ended with ${end}: ${job.output()}`);
    return await Promise.all(Array.from({ length: ranks }, (_, rank) => resultOf<Task>(folder, rank, task)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function resultOf<Task extends RankTask>(
  folder: string,
  rank: number,
  { kind }: Task,
): Promise<{ written: Written<Task>; weights: Float32Array | undefined }> {
  const written = JSON.parse(await readFile(join(folder, `${rank}.json`), 'utf8')) as Written<Task>;
  if (kind !== 'train') return { written, weights: undefined };
  const bytes = await readFile(join(folder, `${rank}.bin`));
  return { written, weights: new Float32Array(new Uint8Array(bytes).buffer) };
}

/** Starts a program on the first hosts of a network, from the namespace of its switch. */
export function startJob(network: Network, mpiexec: string, ranks: number, program: readonly string[]): Job {
  const hosts = network.addresses.slice(0, ranks).join(',');
  const launcher = ['-launcher', 'ssh', '-launcher-exec', join(folders.bench, 'workers/in-namespace.sh')];
  const place = ['-localhost', network.hubAddress, '-iface', 'switch', '-hosts', hosts, '-ppn', '1'];
  const command = [mpiexec, ...launcher, ...place, '-n', String(ranks), ...program];
  const child = spawn('ip', ['netns', 'exec', network.hub, ...command], {
    cwd: folders.checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    // By TCP alone: UCX would find that the hosts share a memory.
    env: { ...process.env, MNIST_BENCH_NETWORK: network.name, UCX_TLS: 'tcp,self', UCX_NET_DEVICES: 'net' },
  });
  return {
    process: child,
    ranks: () => Array.from({ length: ranks }, (_, rank) => rankOn(network, rank + 1)),
    ...watched(child),
  };
}

/** Keeps what a program writes, and waits for its end. */
function watched(child: ChildProcess): Pick<Job, 'output' | 'end'> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    output: () => output,
    end: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(code ?? signal ?? 'unknown');
      });
    }),
  };
}

/** The rank on a host: beside it, there are programs of mpiexec. */
function rankOn(network: Network, host: number): number | undefined {
  return network.processesOn(host).find((pid) => isRank(pid));
}

function isRank(pid: number): boolean {
  try {
    // Empty for a process that has ended, and waits to be asked how.
    return /(^|\0)PMI_RANK=/.test(readFileSync(`/proc/${pid}/environ`, 'utf8'));
  } catch {
    return false;
  }
}
