import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { silentContext } from '../../src/core/events.js';
import { installMpi } from '../../src/engine/mpi/install.js';
import { folders } from '../folders.js';
import type { Network } from './network.js';

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
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    process: child,
    ranks: () => Array.from({ length: ranks }, (_, rank) => rankOn(network, rank + 1)),
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
